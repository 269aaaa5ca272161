/**
 * Types of the stand-in for Stripe.js: the part of Stripe's own types that it implements.
 *
 * Guarantee: `npm run check` fails when the stand-in's results or events are not those of
 * `@stripe/stripe-js`, so a page that works with the stand-in uses the real surface.
 */
import type {
  ConfirmationToken,
  ConfirmationTokenCreateParams,
  ExpressPaymentType,
  PaymentIntent,
  Stripe,
  StripeConstructor,
  StripeElements,
  StripeElementsUpdateOptions,
  StripeError,
  StripeExpressCheckoutElement,
  StripeExpressCheckoutElementClickEvent,
  StripeExpressCheckoutElementConfirmEvent,
  StripeExpressCheckoutElementOptions,
  StripeExpressCheckoutElementReadyEvent,
  StripeExpressCheckoutElementShippingAddressChangeEvent,
  StripeExpressCheckoutElementShippingRateChangeEvent,
  StripePaymentElement,
  StripePaymentElementChangeEvent,
} from "@stripe/stripe-js";

declare global {
  /** The sandbox's origin; the Worker puts its value before the script. */
  const SANDBOX: string;

  namespace StandIn {
    /** What the checkout uses of `Stripe`. */
    type Used = Pick<
      Stripe,
      "createConfirmationToken" | "elements" | "handleNextAction" | "retrievePaymentIntent"
    >;
    type Constructor = StripeConstructor;
    type RealStripe = Stripe;
    type Elements = StripeElements;
    type UsedElements = Pick<StripeElements, "submit" | "update">;
    type UpdateOptions = StripeElementsUpdateOptions;
    type ErrorOf = StripeError;
    type Token = ConfirmationToken;
    type TokenParams = ConfirmationTokenCreateParams;
    type Intent = PaymentIntent;
    type Wallet = ExpressPaymentType;
    type ClickEvent = StripeExpressCheckoutElementClickEvent;
    type ConfirmEvent = StripeExpressCheckoutElementConfirmEvent;
    /** Stripe's reference names `elementType` too, which its types leave out. */
    type AddressChange = StripeExpressCheckoutElementShippingAddressChangeEvent & {
      readonly elementType: "expressCheckout";
    };
    type RateChange = StripeExpressCheckoutElementShippingRateChangeEvent & {
      readonly elementType: "expressCheckout";
    };
    type ExpressOptions = StripeExpressCheckoutElementOptions;
    type ClickDetails = NonNullable<Parameters<ClickEvent["resolve"]>[0]>;
    type ChangeDetails = NonNullable<Parameters<AddressChange["resolve"]>[0]>;
    type Rate = RateChange["shippingRate"];
    type LineItem = NonNullable<ChangeDetails["lineItems"]>[number];
    type PaymentElement = StripePaymentElement;
    type ExpressElement = StripeExpressCheckoutElement;

    /** The events that the stand-in sends, with the values that Stripe gives them. */
    interface Events {
      readonly payment: {
        readonly ready: { elementType: "payment" };
        readonly loaderror: { elementType: "payment"; error: StripeError };
        readonly change: StripePaymentElementChangeEvent;
      };
      readonly expressCheckout: {
        readonly ready: StripeExpressCheckoutElementReadyEvent;
        readonly loaderror: { elementType: "expressCheckout"; error: StripeError };
        readonly click: StripeExpressCheckoutElementClickEvent;
        readonly shippingaddresschange: AddressChange;
        readonly shippingratechange: RateChange;
        readonly confirm: StripeExpressCheckoutElementConfirmEvent;
        readonly cancel: { elementType: "expressCheckout" };
      };
    }

    /** Members of an element that are the same for both kinds. */
    type BaseElement = Pick<
      StripePaymentElement,
      "blur" | "clear" | "destroy" | "focus" | "mount" | "unmount"
    >;

    /** How the elements of one page are set up; sent to their frames. */
    interface Setup {
      readonly publishableKey: string;
      readonly locale: string;
      readonly amount: number | null;
      readonly currency: string | null;
      readonly captureMethod: string | null;
      readonly allowed: readonly string[] | null;
      readonly appearance: unknown;
      readonly options: unknown;
    }

    /** What a wallet's sheet asks the shopper for. */
    interface Asked {
      readonly email: boolean;
      readonly phone: boolean;
      readonly billingAddress: boolean;
      readonly shippingAddress: boolean;
      /** Where the shop delivers to; null: everywhere. */
      readonly countries: readonly string[] | null;
    }

    /** What a wallet's sheet shows; amounts are in the currency's minor unit. */
    interface Sheet {
      readonly amount: number;
      readonly currency: string;
      readonly lineItems: readonly LineItem[];
      readonly rates: readonly Rate[];
      /** The id of the chosen one; null where there is none to choose. */
      readonly rate: string | null;
    }

    /** What a frame is asked for; each question has an answer. */
    type Question =
      | { readonly kind: "setup"; readonly setup: Setup }
      | { readonly kind: "validate" }
      | { readonly kind: "token"; readonly params: TokenParams }
      | {
          readonly kind: "open";
          readonly wallet: Wallet;
          readonly asked: Asked;
          readonly sheet: Sheet;
        }
      | { readonly kind: "changed"; readonly change: number; readonly sheet: Sheet | null }
      | { readonly kind: "close" }
      | { readonly kind: "focus" | "blur" | "clear" };

    interface Answers {
      readonly setup: { readonly wallets: readonly Wallet[] };
      readonly validate: { readonly type: string; readonly error: StripeError | null };
      readonly token: { readonly confirmationToken: Token } | { readonly error: StripeError };
      readonly open: null;
      /** `sheet` null: the page refused the change. */
      readonly changed: null;
      readonly close: null;
      readonly focus: null;
      readonly blur: null;
      readonly clear: null;
    }

    /** What a frame says by itself. */
    type News =
      | { readonly kind: "height"; readonly height: number }
      | { readonly kind: "change"; readonly event: StripePaymentElementChangeEvent }
      | { readonly kind: "click"; readonly wallet: Wallet }
      | {
          readonly kind: "address";
          readonly change: number;
          readonly name: string;
          readonly address: AddressChange["address"];
        }
      | { readonly kind: "rate"; readonly change: number; readonly rate: Rate }
      | {
          readonly kind: "confirm";
          readonly wallet: Wallet;
          readonly billingDetails: NonNullable<ConfirmEvent["billingDetails"]>;
          readonly shippingAddress: ConfirmEvent["shippingAddress"] | null;
          readonly rate: Rate | null;
        }
      | { readonly kind: "cancel" };
  }
}
