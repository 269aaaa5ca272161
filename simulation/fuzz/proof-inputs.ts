/**
 * Inputs about the protection against bots: invalid proofs in every place that accepts one, invalid
 * device ids, unusual requests for a challenge, and sales with an invalid protection.
 *
 * Guarantee: no input gets a new place. A valid proof is sent only if it already has a place, or
 * together with an invalid device id.
 */
import {
  ALTCHA_COST_MAX,
  ALTCHA_EXPIRY_MAX_S,
  ALTCHA_EXPIRY_MIN_S,
  ALTCHA_NUMBER_MAX,
  DEVICE_ID_LENGTH_MAX,
  DEVICE_ID_LENGTH_MIN,
  TURNSTILE_HOSTNAMES_MAX,
} from "../../src/domain/limits.ts";
import type { Random } from "../seeded-random.ts";
import { EXAMPLE_BODIES } from "./example-bodies.ts";
import type { Ground } from "./ground.ts";
import { chance, type Header, type Made, oddText, pick, visibleText, wholeIn } from "./input.ts";
import { FUZZ_SALES, GUARDED_FOLDERS } from "./names.ts";
import { ALTCHA, DEVICE, TURNSTILE } from "./proofs.ts";
import { spoiledAltcha, spoiledTurnstile } from "./spoiled-proofs.ts";

type ProvenSale = "proven" | "checked";

const JSON_TYPE: Header = ["content-type", "application/json"];
const OWN_DEVICE: Header = ["sluice-device", DEVICE];

const tickets = (sale: ProvenSale): string => `/_sluice/v1/sales/${FUZZ_SALES[sale]}/tickets`;

function spoiledFor(random: Random, sale: ProvenSale, ground: Ground) {
  return sale === "proven" ? spoiledAltcha(random, ground) : spoiledTurnstile(random, ground);
}

function inJson(random: Random, ground: Ground): Made {
  const sale = pick(random, ["proven", "checked"] as const);
  const { what, proof } = spoiledFor(random, sale, ground);
  return joining(sale, `${what}, in JSON`, JSON.stringify({ proof }));
}

function joining(
  sale: ProvenSale,
  what: string,
  body: string,
  device: readonly Header[] = [OWN_DEVICE],
): Made {
  const headers = [JSON_TYPE, ...device];
  const request = { kind: "http", method: "POST", target: tickets(sale), headers, body } as const;
  return { what, expect: "refused", request };
}

const NOT_TEXT = ["7", "true", "null", "[]", "{}", '["x"]', '{"proof":"x"}', "1e999", "-0"];

function ofWrongType(random: Random, { proofs }: Ground): Made {
  const wrong = pick(random, NOT_TEXT);
  const good = JSON.stringify(proofs.worked);
  const body = pick(random, [
    `{"proof":${wrong}}`,
    `{"proof":${good},"proof":${wrong}}`,
    `{"proof":[${good}]}`,
    `{"Proof":${good}}`,
    `{"proof":${good},"kind":"none"}`,
  ]);
  const made = joining(pick(random, ["proven", "checked"]), "a proof that is not text", body);
  return body.startsWith(`{"proof":${wrong}}`) ? { ...made, field: "proof" } : made;
}

/** Percent-encodes text that is not allowed in a header, as a client would. */
function asHeader(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
}

const APP: readonly Header[] = [["accept", "application/json"]];
const PAGE: readonly Header[] = [
  ["accept", "text/html"],
  ["sec-fetch-dest", "document"],
  ["sec-fetch-mode", "navigate"],
];

function inHeader(random: Random, ground: Ground): Made {
  const sale = pick(random, ["proven", "checked"] as const);
  const { what, proof } = spoiledFor(random, sale, ground);
  const named: Header = [pick(random, ["sluice-proof", "Sluice-Proof"]), asHeader(proof)];
  const spoiled = chance(random, 0.1) ? [named, named] : [named];
  const target = `${GUARDED_FOLDERS[sale]}/shoe`;
  const headers = [...pick(random, [APP, PAGE]), OWN_DEVICE, ...spoiled];
  const request = { kind: "http", method: "GET", target, headers, body: null } as const;
  return { what: `${what}, at a guarded path`, expect: "refused", request };
}

const FIELDS: readonly (readonly [string, string])[] = [
  ["to", "/proven/shoe"],
  ["afresh", "yes"],
  ["general", "yes"],
];

/** Without a proof the form answers with the page of the check, which is not a refusal. */
function inForm(random: Random, ground: Ground): Made {
  const sale = pick(random, ["proven", "checked"] as const);
  const { what, proof } = spoiledFor(random, sale, ground);
  const field = new URLSearchParams({ proof: proof.toWellFormed() });
  for (const [name, value] of FIELDS) if (chance(random, 0.3)) field.set(name, value);
  return {
    what: `${what}, in the form`,
    expect: proof === "" ? "harmless" : "refused",
    request: {
      kind: "http",
      method: "POST",
      target: `/_sluice/shop/${FUZZ_SALES[sale]}/join`,
      headers: [
        ["content-type", "application/x-www-form-urlencoded"],
        ["origin", ground.url],
        OWN_DEVICE,
      ],
      body: field.toString(),
    },
  };
}

/** A proof that already has a place gets the same place again. */
function usedProof(random: Random, { proofs }: Ground): Made {
  const sale = pick(random, ["proven", "checked"] as const);
  const proof = sale === "proven" ? proofs.worked : proofs.checked;
  const made = joining(sale, "a proof that already has a place", JSON.stringify({ proof }));
  return { ...made, expect: "harmless" };
}

/** A valid proof with an invalid device id. */
function badDevice(random: Random, { proofs }: Ground): Made {
  const [low, high] = [DEVICE_ID_LENGTH_MIN, DEVICE_ID_LENGTH_MAX];
  const device = pick(random, [
    null,
    "",
    "x".repeat(wholeIn(random, 1, low - 1)),
    "x".repeat(wholeIn(random, high + 1, 5000)),
    `${DEVICE}, ${DEVICE}`,
    `${DEVICE}\u00e9`,
    `${DEVICE}=`,
    `${"a".repeat(low)}${pick(random, [".", " b", "/", '"', ";", "%00", "+", "\u00ff"])}`,
    `!${visibleText(random, 60)}`,
  ]);
  const name = pick(random, ["sluice-device", "Sluice-Device"]);
  const named: Header[] = device === null ? [] : [[name, device]];
  const body = JSON.stringify({ proof: proofs.fresh });
  return joining("checked", "a valid proof with an invalid device id", body, named);
}

const QUERIES = ["", "?", "?sale=fuzz-proven", "?cost=1&maxNumber=2", "?%ff", "?a=\u0301"];

function oddChallenge(random: Random): Made {
  const sale = pick(random, Object.values(FUZZ_SALES));
  const method = pick(random, ["GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);
  const isThere = sale === FUZZ_SALES.proven && (method === "GET" || method === "HEAD");
  const query = encodeURI(pick(random, QUERIES));
  const target = `/_sluice/v1/sales/${sale}/challenge${query}`;
  const headers: Header[] = [
    ["accept", pick(random, ["*/*", "text/html", "", visibleText(random, 40)])],
  ];
  return {
    what: "an unusual request for a challenge",
    expect: isThere || method === "OPTIONS" ? "harmless" : "refused",
    request: { kind: "http", method, target, headers, body: null },
  };
}

const PAGE_QUERIES: readonly ((random: Random) => string)[] = [
  () => "to=//evil.example",
  () => "to=https://evil.example/",
  () => "to=/%5Cevil.example&to=/proven/shoe",
  () => "afresh=no&general=maybe",
  (random) => `to=/${"x".repeat(wholeIn(random, 1000, 8000))}`,
  (random) => `to=${encodeURIComponent(oddText(random).toWellFormed())}`,
];

function oddProofPage(random: Random): Made {
  const sale = pick(random, Object.values(FUZZ_SALES));
  const target = `/_sluice/shop/${sale}/proof?${pick(random, PAGE_QUERIES)(random)}`;
  const request = { kind: "http", method: "GET", target, headers: PAGE, body: null } as const;
  return { what: "an unusual request for the check's page", expect: "harmless", request };
}

type Fields = Readonly<Record<string, unknown>>;
/** Fields of a sale that are invalid, and the name of the one that the gate must report. */
type InvalidFields = readonly [field: string, fields: Fields];

const NOT_NUMBERS = [0.5, "10", null, -1, 1e300, [], true];

const OF_ALTCHA: readonly ((random: Random) => InvalidFields)[] = [
  (random) => [
    "maxNumber",
    { maxNumber: pick(random, [...NOT_NUMBERS, 1, ALTCHA_NUMBER_MAX + 1]) },
  ],
  (random) => ["cost", { cost: pick(random, [...NOT_NUMBERS, 0, ALTCHA_COST_MAX + 1]) }],
  (random) => ["memoryKiB", { memoryKiB: pick(random, [...NOT_NUMBERS, 0, 1000, 2 ** 20]) }],
  (random) => {
    const wrong = [...NOT_NUMBERS, ALTCHA_EXPIRY_MIN_S - 1, ALTCHA_EXPIRY_MAX_S + 1];
    return ["expiresSeconds", { expiresSeconds: pick(random, wrong) }];
  },
];

const NOT_HOSTS = ["", "SHOP.example", "shop.example:443", "https://shop.example", "a b", 7, null];

const OF_TURNSTILE: readonly ((random: Random) => InvalidFields)[] = [
  (random) => {
    const wrong = ["", "x", "x".repeat(101), "0x4AAA AAAA AAAA", "<script>x</script>", 7, null];
    return ["siteKey", { siteKey: pick(random, wrong) }];
  },
  () => ["siteKey", { siteKey: undefined }],
  (random) => {
    const many = Array.from({ length: TURNSTILE_HOSTNAMES_MAX + 1 }, () => "shop.example");
    const wrong = [many, ["shop.example", pick(random, NOT_HOSTS)], "shop.example", null, {}];
    return ["hostnames", { hostnames: pick(random, wrong) }];
  },
  (random) => {
    return ["onUnavailable", { onUnavailable: pick(random, ["", "open", "ALLOW", true, null, 0]) }];
  },
];

const OF_REPLAY: readonly ((random: Random) => InvalidFields)[] = [
  (random) => [
    "handling",
    { handling: pick(random, ["", "deny", "REFUSE", "block", true, 7, null]) },
  ],
  (random) => ["address", { address: pick(random, ["true", 0, 1, null, [], "127.0.0.1"]) }],
];

const KINDS = [null, 7, "", "ALTCHA", "recaptcha", "__proto__", "none ", ["none"], {}];
const NOT_OBJECTS = [null, 7, "none", [], true, [{ kind: "none" }]];

function invalidFields(random: Random): InvalidFields {
  const inside = (name: string, good: Fields, ways: typeof OF_ALTCHA): InvalidFields => {
    const [field, fields] = pick(random, ways)(random);
    return [`${name}.${field}`, { [name]: { ...good, ...fields } }];
  };
  return pick(random, [
    () => inside("protection", ALTCHA, OF_ALTCHA),
    () => inside("protection", TURNSTILE, OF_TURNSTILE),
    () => inside("replay", { handling: "report" }, OF_REPLAY),
    (): InvalidFields => ["protection", { protection: pick(random, NOT_OBJECTS) }],
    (): InvalidFields => ["replay", { replay: pick(random, NOT_OBJECTS) }],
    (): InvalidFields => {
      return ["protection.kind", { protection: { ...ALTCHA, kind: pick(random, KINDS) } }];
    },
    (): InvalidFields => {
      const mixed = [
        { ...ALTCHA, siteKey: TURNSTILE.siteKey },
        { kind: "none", cost: 1 },
      ];
      const more = { [pick(random, ["surprise", "secret", "constructor", ""])]: 1 };
      const others = [...mixed, { ...TURNSTILE, cost: 1 }, { ...TURNSTILE, ...more }];
      return ["protection", { protection: pick(random, others) }];
    },
    (): InvalidFields => ["protection.kind", { protection: { maxNumber: ALTCHA.maxNumber } }],
    (): InvalidFields => ["replay", { replay: { handling: "report", people: 1 } }],
  ])();
}

const SALE_ROUTE = "put /admin/v1/sales/{sale}";

function invalidSale(random: Random, { adminToken }: Ground): Made {
  const [field, fields] = invalidFields(random);
  return {
    what: `a sale whose ${field} is invalid`,
    expect: "refused",
    field,
    request: {
      kind: "http",
      method: "PUT",
      target: `/_sluice/admin/v1/sales/${FUZZ_SALES.live}`,
      headers: [JSON_TYPE, ["authorization", `Bearer ${adminToken}`]],
      body: JSON.stringify({ ...EXAMPLE_BODIES[SALE_ROUTE], ...fields }),
    },
  };
}

export function proofInput(random: Random, ground: Ground): Made {
  const make = pick(random, [
    inJson,
    inJson,
    inJson,
    ofWrongType,
    inHeader,
    inHeader,
    inForm,
    inForm,
    usedProof,
    badDevice,
    oddChallenge,
    oddProofPage,
    invalidSale,
    invalidSale,
  ]);
  return make(random, ground);
}
