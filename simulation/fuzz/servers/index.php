<?php
// A shop on PHP's own server: answers which page a request is for, as PHP and common code find it.
// `X-Page` of an answer has the pages that each way of reading the request leads to.
$target = $_SERVER['REQUEST_URI'];
$pages = [$_SERVER['SCRIPT_NAME'], $_SERVER['PHP_SELF'], $_SERVER['PATH_INFO'] ?? ''];
$path = parse_url($target, PHP_URL_PATH);
if (is_string($path)) array_push($pages, $path, rawurldecode($path), urldecode($path));
$plain = strtok($target, '?');
array_push($pages, $plain, rawurldecode($plain));
header('X-Page: ' . implode(' ', array_map('rawurlencode', array_unique($pages))));
