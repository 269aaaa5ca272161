/**
 * What a request carries to say who sends it: the security schemes of the OpenAPI document, and
 * the headers that belong to them.
 */
import { DEVICE_ID_LENGTH_MAX, DEVICE_ID_LENGTH_MIN } from "../domain/limits.ts";
import { SERVER_KEY_HEADER, SHOPPER_ADDRESS_HEADER } from "../web/server-key.ts";

const header = (name: string, description: string) => {
  return { type: "apiKey", in: "header", name, description } as const;
};
/** A cookie's name ends with the id of its sale, which a scheme of OpenAPI cannot say. */
const cookie = (name: string, description: string) => {
  return { type: "apiKey", in: "cookie", name, description } as const;
};

export const SECURITY_SCHEMES = {
  ticket: header("Sluice-Ticket", "The ticket that joining gave, as apps send it."),
  ticketCookie: cookie(
    "__Host-sluice-ticket-{sale}",
    "The same ticket as browsers keep it; the name ends with the sale's id.",
  ),
  admission: header("Sluice-Admission", "The admission that a turn gave, as apps send it."),
  admissionCookie: cookie(
    "__Host-sluice-admission-{sale}",
    "The same admission as browsers keep it; the name ends with the sale's id.",
  ),
  adminToken: {
    type: "http",
    scheme: "bearer",
    description: "The merchant's token, `ADMIN_TOKEN` of the deployment.",
  },
} as const;

/** Of a shop's server that acts for its shoppers. */
export const SERVER_KEY = {
  name: SERVER_KEY_HEADER,
  in: "header",
  required: false,
  description:
    "Of a shop's server that acts for its shoppers: a key of `SERVER_KEYS`. Its requests are " +
    "counted by its key and not by its address. Never send it from a browser.",
  schema: { type: "string", minLength: 43 },
  example: "H2hF0nV7Y1xO3kqYF8b1m1J6rI0R3cT5uW7yZ9aBcDe",
} as const;

export const SHOPPER_ADDRESS = {
  name: SHOPPER_ADDRESS_HEADER,
  in: "header",
  required: false,
  description: "With a server key: the IP address of the shopper for whom the server acts.",
  schema: { type: "string" },
  example: "203.0.113.7",
} as const;

export const TICKET = [{ ticket: [] }, { ticketCookie: [] }];
export const ADMISSION = [{ admission: [] }, { admissionCookie: [] }];

/** An app's counterpart of the browser's device cookie. */
export const DEVICE = {
  name: "Sluice-Device",
  in: "header",
  required: false,
  description:
    "Only for sales whose admissions are bound to a device: a random id of the app's own, the " +
    "same with every request. Browsers send a cookie instead.",
  schema: {
    type: "string",
    minLength: DEVICE_ID_LENGTH_MIN,
    maxLength: DEVICE_ID_LENGTH_MAX,
    pattern: "^[A-Za-z0-9_-]+$",
  },
  example: "b4e7c1d09a6f4f55a1c0",
} as const;
