/** What may happen to a room in the stories that `RoomWorld` plays. */
export type Act =
  | {
      readonly kind: "arrive";
      readonly lane: string;
      readonly people: number;
      readonly dead: number;
    }
  | { readonly kind: "tick"; readonly after_ms: number }
  | { readonly kind: "claim" | "leave" | "spend"; readonly who: number }
  /** The origin's word on an admission, also on one that is over already. */
  | { readonly kind: "revoke"; readonly who: number }
  | { readonly kind: "extend"; readonly who: number; readonly seconds: number }
  | { readonly kind: "come_directly" | "pause" | "resume" }
  | { readonly kind: "seats"; readonly maxActive: number }
  | { readonly kind: "pipeline"; readonly bears: number }
  | { readonly kind: "stock"; readonly available: number; readonly held: number };
