/**
 * What a merchant's use case has to work with. Only requests with the admin token get here.
 */

export interface MerchantContext {
  readonly env: GateEnv;
  readonly now: number;
}
