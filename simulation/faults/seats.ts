/**
 * The room, as far as orders touch it: the seats of those who were let in.
 *
 * Guarantee: the rules are those of `src/domain/room/admission.ts`; what is kept in `SeatMemory`
 * outlives every instance. How people wait and are called is simulated elsewhere.
 */
import * as admissions from "../../src/domain/room/admission.ts";
import type { Instance } from "./object-host.ts";

export type SeatRules = Pick<typeof admissions, "beginOrder" | "finishOrder">;
export const SEAT_RULES: SeatRules = admissions;

export type SeatMemory = Map<string, admissions.AdmissionRecord>;

export class SeatDesk {
  readonly #memory: SeatMemory;
  readonly #instance: Instance;
  readonly #rules: SeatRules;
  readonly #ordersPerAdmission: number;

  constructor(
    memory: SeatMemory,
    instance: Instance,
    rules: SeatRules,
    ordersPerAdmission: number,
  ) {
    this.#memory = memory;
    this.#instance = instance;
    this.#rules = rules;
    this.#ordersPerAdmission = ordersPerAdmission;
  }

  async admit(admission: admissions.AdmissionRecord): Promise<void> {
    this.#instance.write(() => this.#memory.set(admission.id, admission));
  }

  async standing(id: string): Promise<admissions.AdmissionRecord["standing"] | "unknown"> {
    const admission = this.#memory.get(id);
    if (admission === undefined) return "unknown";
    return admissions.standingAt(admission, this.#instance.now());
  }

  async beginOrder(id: string, order: string): Promise<admissions.BeginOrderOutcome> {
    const admission = this.#memory.get(id);
    if (admission === undefined) return { kind: "admission_required" };
    const begun = this.#rules.beginOrder(admission, order, this.#instance.now());
    this.#keep(admission, begun.admission);
    return begun.outcome;
  }

  async finishOrder(
    id: string,
    order: string,
    how: "spend" | "hand_back",
  ): Promise<"finished" | "not_in_progress"> {
    const admission = this.#memory.get(id);
    if (admission === undefined) return "not_in_progress";
    const done = this.#rules.finishOrder(admission, order, how, this.#ordersPerAdmission);
    this.#keep(admission, done.admission);
    return done.outcome;
  }

  async reportLevel(): Promise<void> {}

  #keep(before: admissions.AdmissionRecord, after: admissions.AdmissionRecord): void {
    if (after !== before) this.#instance.write(() => this.#memory.set(after.id, after));
  }
}
