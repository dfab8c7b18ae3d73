/**
 * A whole control plane in the test's process: API server, memory store, informers and controllers, on a clock that the
 * test moves. `settle` runs the event loop until nothing moves any more.
 */
import { startTestServer, type TestServer } from '../../src/apiserver/test-server.ts';
import type { Controller } from '../../src/client/controller.ts';
import type { EventRecorder } from '../../src/client/event-recorder.ts';
import { inProcessTransport } from '../../src/client/in-process.ts';
import type { Informers } from '../../src/client/informers.ts';
import type { RunningController } from '../../src/client/runner.ts';
import type { Transport } from '../../src/client/transport.ts';
import type { Client } from '../../src/client/typed-client.ts';
import { controllerManagerUser, startControllers } from '../../src/controllers/start.ts';
import { type Logger, silentLogger } from '../../src/lib/log.ts';
import type { ManualClock } from '../../src/lib/manual-clock.ts';
import { seededRandom } from '../../src/lib/random.ts';

export interface TestWorld {
  readonly server: TestServer;
  readonly clock: ManualClock;
  /** Without the wrapping. */
  readonly transport: Transport;
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly controllers: readonly RunningController[];
  /** Until no request is under way, no queue has keys, and nothing was committed for a while. */
  settle(): Promise<void>;
  /** Moves the clock in steps of a second at most, settling before and after each. */
  advance(milliseconds: number): Promise<void>;
  close(): Promise<void>;
}

/** Turns of the event loop without a commit after which nothing moves any more. */
const quietTurns = 20;
const turnsMax = 100_000;

/** Counts the requests that have not been answered. */
function counting(inner: Transport): { transport: Transport; underWay: () => number } {
  let underWay = 0;
  const transport: Transport = {
    async send(request) {
      underWay++;
      try {
        return await inner.send(request);
      } finally {
        underWay--;
      }
    },
    close: () => inner.close(),
  };
  return { transport, underWay: () => underWay };
}

export async function startTestWorld(
  options: {
    controllers?: readonly Controller[];
    seed?: number;
    /** See TestServerOptions. */
    loopback?: boolean;
    log?: Logger;
    /** To break things: gets the transport that works. */
    wrap?: (transport: Transport) => Transport;
  } = {},
): Promise<TestWorld> {
  const { seed = 1, log = silentLogger, wrap = (transport) => transport } = options;
  const server = await startTestServer({ seed, loopback: options.loopback ?? false });
  const { clock } = server;
  const random = seededRandom(seed + 1);
  const stopping = new AbortController();
  const { signal } = stopping;
  const inner = inProcessTransport(server.server.handle, { user: controllerManagerUser });
  const { transport, underWay } = counting(inner);
  const { client, informers, recorder, controllers, stopped } = startControllers({
    transport: wrap(transport),
    clock,
    random,
    log,
    signal,
    controllers: options.controllers ?? [],
    freeze: true,
  });

  const isBusy = () =>
    underWay() > 0 || controllers.some(({ queue, active }) => queue.depth > 0 || active > 0);
  const settle = async () => {
    let revision = -1;
    for (let turn = 0, quiet = 0; quiet < quietTurns; turn++) {
      if (turn > turnsMax) throw new Error('the world does not come to rest');
      await new Promise((resolve) => setImmediate(resolve));
      const now = server.server.backend.cache.revision;
      quiet = now === revision && !isBusy() ? quiet + 1 : 0;
      revision = now;
    }
  };
  await settle();
  return {
    server,
    clock,
    transport,
    client,
    informers,
    recorder,
    controllers,
    settle,
    async advance(milliseconds) {
      await settle();
      for (let left = milliseconds; left > 0; left -= 1000) {
        clock.advance(Math.min(1000, left));
        await settle();
      }
    },
    async close() {
      stopping.abort();
      await stopped;
      await inner.close();
      await server.close();
    },
  };
}
