"""A shop on Python: answers which page a request is for, as http.server and urllib read it.

The port is the first argument. `X-Page` of an answer has the pages that each way of reading the
request's target leads to.
"""

import os
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit


class Shop(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pages(self):
        # The page of a file, as this class serves files.
        yield "/" + os.path.relpath(self.translate_path(self.path), self.directory)
        try:
            path = urlsplit(self.path).path
        except ValueError:
            return
        yield path
        yield unquote(path)
        # As WSGI servers make PATH_INFO.
        yield unquote(path, "latin-1")

    def do_GET(self):
        pages = sorted(set(self.pages()))
        self.send_response(200)
        self.send_header("X-Page", " ".join(quote(page, safe="", errors="replace") for page in pages))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
