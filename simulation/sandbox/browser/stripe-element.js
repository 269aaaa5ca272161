/**
 * An element: a place in the shop's page that a frame fills, with Stripe's events.
 */

import { integrationError } from "./stripe-api.js";

/** @import { SandboxFrame } from "./stripe-frame.js" */

/**
 * A handler is kept as a method, so that each can take the value of its own event.
 *
 * @typedef {{ handle(event: unknown): unknown }} Handler
 */

/**
 * @template {keyof StandIn.Events} Kind
 */
export class ElementEvents {
  /** @type {Map<PropertyKey, Map<unknown, Handler>>} */
  #handlers = new Map();

  /**
   * @template {keyof StandIn.Events[Kind]} Name
   * @param {Name} name
   * @param {(event: StandIn.Events[Kind][Name]) => unknown} handle
   */
  on(name, handle) {
    const handlers = this.#handlers.get(name) ?? new Map();
    handlers.set(handle, { handle });
    this.#handlers.set(name, handlers);
  }

  /**
   * @template {keyof StandIn.Events[Kind]} Name
   * @param {Name} name
   * @param {((event: StandIn.Events[Kind][Name]) => unknown) | undefined} handle all when missing
   */
  off(name, handle) {
    if (handle === undefined) this.#handlers.delete(name);
    else this.#handlers.get(name)?.delete(handle);
  }

  /**
   * @template {keyof StandIn.Events[Kind]} Name
   * @param {Name} name
   * @param {StandIn.Events[Kind][Name]} event
   * @returns {boolean} true when there was a handler
   */
  emit(name, event) {
    const handlers = [...(this.#handlers.get(name)?.values() ?? [])];
    for (const handler of handlers) handler.handle(event);
    return handlers.length > 0;
  }
}

/**
 * Puts a frame into the page, once, and takes it away.
 *
 * @satisfies {StandIn.BaseElement}
 */
export class MountedFrame {
  /** @type {SandboxFrame} */
  frame;
  #onMount;

  /**
   * @param {SandboxFrame} frame
   * @param {() => Promise<void>} onMount
   */
  constructor(frame, onMount) {
    this.frame = frame;
    this.#onMount = onMount;
  }

  /** @param {string | HTMLElement} place */
  mount(place) {
    const found = typeof place === "string" ? document.querySelector(place) : place;
    if (found === null) {
      throw integrationError("The selector you specified applies to no DOM elements.");
    }
    found.replaceChildren(this.frame.element);
    void this.#onMount();
  }

  unmount() {
    this.frame.remove();
  }

  destroy() {
    this.unmount();
  }

  focus() {
    void this.frame.ask({ kind: "focus" });
  }

  blur() {
    void this.frame.ask({ kind: "blur" });
  }

  clear() {
    void this.frame.ask({ kind: "clear" });
  }
}

/** @type {StandIn.ErrorOf} */
export const NOT_LOADED = {
  type: "api_connection_error",
  message: "The element could not be loaded.",
};
