/**
 * Starts the sandbox payment provider in Miniflare for a test file, and a Worker that runs the
 * Stripe adapter, so that the adapter is tested on the runtime on which it is deployed.
 */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { z } from "zod";
import type { PaymentBackend } from "../../../src/domain/order/payment-backend.ts";
import { stripePayments, type StripeSettings } from "../../../queues/backends/stripe.ts";
import type { FaultKind } from "../../../simulation/sandbox/faults.ts";
import { Ledger, type LedgerRow } from "../../../simulation/sandbox/ledger.ts";
import { bundleWorker } from "../../../simulation/host/bundle.ts";
import {
  composeWorker,
  readCompatibility,
  readWorkerConfig,
} from "../../../scripts/worker-config.ts";

export type Runtime = "Node" | "workerd";

export interface SandboxHost {
  readonly url: string;
  /** The adapter, running in this process or inside workerd. */
  backend(runtime: Runtime, settings?: Partial<StripeSettings>): PaymentBackend;
  request(path: string, init?: RequestInit): Promise<Response>;
  ledger(): Promise<Ledger>;
  payment(id: string): Promise<LedgerRow>;
  /** From now on every call has this fault. */
  everyCall(kind: FaultKind, times?: { latency_ms?: number; hang_ms?: number }): Promise<void>;
  faultsOff(): Promise<void>;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSandbox(): Promise<SandboxHost> {
  const config = readWorkerConfig("simulation/sandbox/wrangler.toml", "lifted");
  const [sandbox, probe] = await Promise.all([
    bundleWorker(config.main),
    bundle("./payment-probe.ts"),
  ]);
  const socket = { host: "127.0.0.1", port: 0 };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      handleStructuredLogs: printAllButFaults,
      cf: false,
      workers: [
        composeWorker(config, sandbox, {}),
        {
          // As in `simulation/host`: past the asset router, which Stripe's API does not need.
          name: "sandbox-door",
          modules: true,
          script: "export default {};",
          unsafeDirectSockets: [{ ...socket, serviceName: config.name }],
        },
        {
          name: "probe",
          modules: true,
          script: probe,
          ...readCompatibility("queues/wrangler.toml"),
          unsafeDirectSockets: [socket],
        },
      ],
    }),
  );
  const url = (await miniflare.unsafeGetDirectURL("sandbox-door")).origin;
  const probeUrl = (await miniflare.unsafeGetDirectURL("probe")).origin;
  return hostAt(url, probeUrl, () => miniflare.dispose());
}

function hostAt(url: string, probeUrl: string, stop: () => Promise<void>): SandboxHost {
  const request = (path: string, init?: RequestInit) => fetch(`${url}${path}`, init);
  const expectOk = async (path: string, init: RequestInit) => {
    const response = await request(path, init);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  };
  const ledger = async () => Ledger.parse(await (await request("/sandbox/ledger")).json());
  return {
    url,
    backend: (runtime, given) => {
      const settings = { apiKey: "sk_test_sluice", baseUrl: url, timeout_ms: 5_000, ...given };
      return runtime === "Node" ? stripePayments(settings) : probed(probeUrl, settings);
    },
    request,
    ledger,
    payment: async (id) => {
      const row = (await ledger()).payments.find((payment) => payment.id === id);
      if (row === undefined) throw new Error(`the ledger has no payment ${id}`);
      return row;
    },
    everyCall: (kind, times) =>
      expectOk("/sandbox/faults", {
        method: "PUT",
        body: JSON.stringify({ rate: 1, kinds: [kind], ...times }),
      }),
    faultsOff: () => expectOk("/sandbox/faults", { method: "DELETE" }),
    reset: () => expectOk("/sandbox/reset", { method: "POST" }),
    stop,
  };
}

/** workerd reports every connection that the `disconnect` fault breaks. */
function printAllButFaults({ message }: { readonly message: string }): void {
  if (!message.includes("fault `disconnect`")) console.error(message);
}

/** The adapter inside workerd: each operation is one request to the probe. */
function probed(probeUrl: string, settings: StripeSettings): PaymentBackend {
  const ask = async <Outcome>(operation: string, request: unknown): Promise<Outcome> => {
    const body = JSON.stringify({ settings, operation, request });
    const response = await fetch(probeUrl, { method: "POST", body });
    if (!response.ok) throw new Error(`probe: ${response.status} ${await response.text()}`);
    // Not parsed: it is what the adapter returned, and the tests check all of it.
    return z.custom<Outcome>(() => true).parse(await response.json());
  };
  return {
    name: "stripe",
    prepare: (request) => ask("prepare", request),
    authorize: (request) => ask("authorize", request),
    capture: (request) => ask("capture", request),
    void: (request) => ask("void", request),
    refund: (request) => ask("refund", request),
    refundPart: (request) => ask("refundPart", request),
    settlement: (request) => ask("settlement", request),
    lookup: (request) => ask("lookup", request),
  };
}

async function bundle(path: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(path, import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    external: ["node:*", "cloudflare:*"],
    conditions: ["workerd", "worker", "browser"],
  });
  const text = outputFiles[0]?.text;
  if (text === undefined) throw new Error(`esbuild made nothing of ${path}`);
  return text;
}
