/**
 * The command line of `npm run verify-draw`. Tickets are read from their files elsewhere; here they
 * are only named.
 */
import { FILE, HTTP_ADDRESS, SALE_ID } from "../../scripts/command-option.ts";
import { defineCommand, UsageError, type OptionsOf } from "../../scripts/define-command.ts";

export const verifyDrawCommand = defineCommand({
  name: "npm run verify-draw --",
  summary: `Checks the draw of a sale from outside, from what is published alone and with code of
    its own: the commitment, the seeds, the cohorts, and the places of the tickets and receipts
    you give.`,
  options: {
    url: {
      ...HTTP_ADDRESS,
      required: "give the address of the gate, for example --url https://shop.example",
      help: "the gate",
    },
    sale: { ...SALE_ID, help: "the sale; without it the one that the receipts name" },
    commitment: {
      type: "text",
      value: "hex",
      accepts: (text) => /^[0-9a-f]{64}$/i.test(text),
      must: "must be 64 hexadecimal digits",
      help: "the commitment as you noted it before the sale, to be compared",
    },
    ticket: {
      type: "text",
      value: "jwt",
      multiple: true,
      help: "a ticket whose place is worked out",
    },
    "ticket-file": { ...FILE, multiple: true, help: "a file of tickets, one a line" },
    "beacon-chain": {
      type: "text",
      value: "hash",
      accepts: (text) => /^[0-9a-f]{64}$/.test(text),
      must: "must be 64 hexadecimal digits",
      multiple: true,
      help: "a beacon that you accept besides drand's quicknet, by the hash of its chain",
    },
    counts: {
      ...FILE,
      multiple: true,
      help: "a file of signed counts that you kept before the draw, one a line",
    },
    receipt: { ...FILE, multiple: true, help: "a file of receipts, one a line" },
  },
  notes: `A ticket is its holder's place in the line: show it to nobody, and prefer a file,
    because others on the same machine may see a command line. A receipt is checked with the keys
    that --url publishes, never with keys that it names itself.`,
  exitCodes: `0 verified, 1 something does not agree, 3 not yet checkable (the sale is not over,
    or the gate does not answer), 4 nothing disagrees, but no public beacon decided the draw. With
    receipts, and neither --sale nor --commitment, 0 says that the receipts are verified; the draw
    too, if the sale is over`,
  // The commitment in lower case, as it is published.
  resolve: (values) => {
    if (values.sale === null && values.receipt.length === 0) {
      throw new UsageError(
        "--sale is missing: give the id of the sale, for example --sale air-one, or a --receipt",
      );
    }
    const commitment = values.commitment?.toLowerCase() ?? null;
    return { ...values, commitment, isAboutReceipts: values.sale === null && commitment === null };
  },
});

export type VerifyOptions = OptionsOf<typeof verifyDrawCommand>;
