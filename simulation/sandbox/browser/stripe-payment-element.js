/**
 * The payment element: the card form and other methods, in a frame.
 */

import { ElementEvents, MountedFrame, NOT_LOADED } from "./stripe-element.js";
import { SandboxFrame } from "./stripe-frame.js";

/** @import { ElementsGroup } from "./stripe-elements.js" */

/**
 * @param {ElementsGroup} group
 * @param {unknown} options
 */
export function createPaymentElement(group, options) {
  /** @type {ElementEvents<"payment">} */
  const events = new ElementEvents();
  const frame = new SandboxFrame("payment", "Secure payment input frame", (news) => {
    if (news.kind === "change") events.emit("change", news.event);
  });
  const base = new MountedFrame(frame, async () => {
    group.payment = frame;
    const loaded = await frame.setUp({ ...group.setup, options });
    if (loaded !== null) events.emit("ready", { elementType: "payment" });
    else events.emit("loaderror", { elementType: "payment", error: NOT_LOADED });
  });
  return elementOf(base, events, (changed) => {
    void frame.setUp({ ...group.setup, options: changed });
  });
}

/**
 * The object that the page has: the frame's members, the events and `update`. Stripe declares
 * `on` once for each event; here it is one generic function, whose events have Stripe's types.
 *
 * @template {keyof StandIn.Events} Kind
 * @param {MountedFrame} base
 * @param {ElementEvents<Kind>} events
 * @param {(options: unknown) => void} update
 */
export function elementOf(base, events, update) {
  /** @type {Record<string, unknown>} */
  const element = {
    mount: base.mount.bind(base),
    unmount: base.unmount.bind(base),
    destroy: base.destroy.bind(base),
    focus: base.focus.bind(base),
    blur: base.blur.bind(base),
    clear: base.clear.bind(base),
    collapse: () => element,
    update: (/** @type {unknown} */ options) => {
      update(options);
      return element;
    },
    /** @type {(...call: Parameters<typeof events.on>) => unknown} */
    on: (name, handler) => {
      events.on(name, handler);
      return element;
    },
    /** @type {(...call: Parameters<typeof events.on>) => unknown} */
    once: (name, handler) => {
      const first = (/** @type {Parameters<typeof handler>[0]} */ event) => {
        events.off(name, first);
        return handler(event);
      };
      events.on(name, first);
      return element;
    },
    /** @type {(...call: Parameters<typeof events.off>) => unknown} */
    off: (name, handler) => {
      events.off(name, handler);
      return element;
    },
  };
  return element;
}
