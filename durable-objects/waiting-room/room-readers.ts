/** The readers of a room's rows, apart from the platform (docs/stored-shapes.md). */
import { z } from "zod";
import { beaconChainSchema } from "../../src/domain/line/beacon.ts";
import { beaconDrawSchema } from "../../src/domain/line/cohort.ts";
import { countedCohortSchema } from "../../src/domain/line/draw.ts";
import { admissionPlaceSchema } from "../../src/domain/room/admission.ts";
import { toldSchema } from "../../src/domain/room/events.ts";
import { seatDevicesSchema } from "../../src/domain/room/seat-devices.ts";
import { saleSchema } from "../../src/domain/sale/sale.ts";
import { storedReader } from "../../src/encoding/stored-reader.ts";
import { statementKeySchema } from "../../src/tokens/draw-statements.ts";

/** Of `room-tables.ts`. */
export const ROOM_READERS = {
  foundation: storedReader(
    z.object({
      v: z.literal(1),
      sale: saleSchema,
      revision: z.int(),
      booths: z.int(),
      secret: z.string(),
    }),
  ),
  told: storedReader(toldSchema),
  devices: storedReader(seatDevicesSchema),
  /** JSON null: let in without a ticket. */
  place: storedReader(admissionPlaceSchema.nullable()),
  ordersEnded: storedReader(z.array(z.string())),
};

/** Of `draw-tables.ts`; what they keep unknown is signed too. */
export const DRAW_READERS = {
  counts: storedReader(z.array(z.int())),
  beacon: storedReader(beaconChainSchema),
  draw: storedReader(beaconDrawSchema),
  counted: storedReader(countedCohortSchema),
  statementKey: storedReader(statementKeySchema),
};
