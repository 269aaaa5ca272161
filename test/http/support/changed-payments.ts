/** The example shop's payments with some steps replaced. */
import { type Payment, PaymentCore } from "../../../examples/shop/payments.ts";
import { type Fields, RememberedReplies, type Reply } from "../../../examples/shop/replies.ts";
import type { ShopParts } from "../../../examples/shop/server.ts";

const page = (payment: string) => `http://127.0.0.1/confirm/${payment}`;

type Part = Parameters<PaymentCore["refundPart"]>[1];
type PartStep = (payment: Payment, part: Part, real: () => Reply) => Reply;

export type Step = (payment: Payment, real: (payment: Payment) => Reply) => Reply;

export function paymentCore(
  change: {
    readonly authorize?: Step;
    readonly capture?: (payment: Payment, amount: number, real: () => Reply) => Reply;
    readonly void?: Step;
    readonly refund?: Step;
    readonly refundPart?: PartStep;
    readonly settlement?: (payments: ReadonlyMap<string, Payment>, real: () => Reply) => Reply;
  },
  replies = new RememberedReplies(),
): Partial<ShopParts> {
  class Changed extends PaymentCore {
    override readonly replies = replies;
    override authorize(payment: Payment, method: string, returnUrl: string): Reply {
      const real = () => super.authorize(payment, method, returnUrl);
      return change.authorize?.(payment, real) ?? real();
    }
    override capture(payment: Payment, amount: number, currency: string): Reply {
      const real = () => super.capture(payment, amount, currency);
      return change.capture?.(payment, amount, real) ?? real();
    }
    override void(payment: Payment): Reply {
      const real = () => super.void(payment);
      return change.void?.(payment, real) ?? real();
    }
    override refund(payment: Payment): Reply {
      const real = () => super.refund(payment);
      return change.refund?.(payment, real) ?? real();
    }
    override refundPart(payment: Payment, part: Part): Reply {
      const real = () => super.refundPart(payment, part);
      return change.refundPart?.(payment, part, real) ?? real();
    }
    override settlement(request: Fields): Reply {
      const real = () => super.settlement(request);
      return change.settlement?.(this.payments, real) ?? real();
    }
  }
  return { payments: new Changed(page) };
}
