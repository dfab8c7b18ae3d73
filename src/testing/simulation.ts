/**
 * A whole control plane in this process, under one clock that the caller moves and one seed: memory store, API server,
 * simulated nodes, and whatever components are given (controllers, a scheduler). The same seed and the same calls give
 * the same history, write for write.
 */
import { createHash } from 'node:crypto';
import { apiServerUser } from '../apiserver/boot.ts';
import { type ControlPlane, startControlPlane } from '../apiserver/control-plane.ts';
import { type Caller, inProcessTransport } from '../client/in-process.ts';
import type { Transport } from '../client/transport.ts';
import { Client } from '../client/typed-client.ts';
import type { Clock } from '../lib/clock.ts';
import { UserError, WherryError } from '../lib/errors.ts';
import { type Logger, silentLogger } from '../lib/log.ts';
import type { MetricsRegistry } from '../lib/metrics.ts';
import { type Random, seededRandom } from '../lib/random.ts';
import { createMemoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { type FaultRates, type FaultyTransport, faultyTransport, noFaults } from './faults.ts';
import { roundsPerInstantMax } from './limits.ts';
import { settle } from './settle.ts';
import { type SimulatedNodes, type SimulatedNodesOptions, startSimulatedNodes } from './simulated-nodes.ts';
import { createSimulationClock, type SimulationClock } from './simulation-clock.ts';

export interface ComponentContext {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The server's own: what components count is in /metrics. */
  readonly metrics: { readonly registry: MetricsRegistry; readonly host: string };
}

/** Something that runs beside the API server and can be stopped and started again. */
export interface Component {
  readonly name: string;
  readonly user: Caller;
  /** Returns at once. `stopped` resolves after the signal has aborted and what was under way has ended. */
  start(context: ComponentContext): { readonly stopped: Promise<void> };
}

export interface SimulationOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Of every component's transport, not of the simulation's own client; noFaults unless given. */
  readonly faults?: FaultRates;
  readonly components?: readonly Component[];
  readonly nodeOptions?: Pick<SimulatedNodesOptions, 'podCIDR' | 'shape' | 'removeNotReadyTaint' | 'events'>;
  readonly log?: (clock: Clock) => Logger;
}

export interface Simulation {
  readonly seed: number;
  readonly clock: SimulationClock;
  /** For whoever acts on the simulation: apart from the components' own. */
  readonly random: Random;
  readonly server: ControlPlane;
  readonly store: Store;
  /** Without faults. */
  readonly client: Client;
  readonly transport: Transport;
  /** Those of the latest start. */
  readonly nodes: SimulatedNodes;
  /** Lets everything happen that can happen now. */
  settle(): Promise<void>;
  /** Moves the clock from timer to timer, settling at each. */
  advance(milliseconds: number): Promise<void>;
  /** From now on, for all components. */
  setFaults(rates: FaultRates): void;
  /** How many faults there were. */
  readonly faults: number;
  /** Stops a component and starts it anew: what it knew is gone. `nodes` is one. Throws UserError for an unknown one. */
  restart(name: string): Promise<void>;
  close(): Promise<void>;
}

interface Running {
  readonly component: Component;
  readonly stopping: AbortController;
  readonly transport: FaultyTransport;
  readonly stopped: Promise<void>;
}

/** Resolves when all nodes are ready. */
export async function startSimulation(options: SimulationOptions): Promise<Simulation> {
  const clock = createSimulationClock();
  const store = createMemoryStore();
  const server = await startControlPlane({
    store,
    clock,
    random: randomFor(options.seed, 'apiserver'),
    serviceCIDRs: ['10.96.0.0/16'],
    nodePortRange: '30000-32767',
    advertise: { address: '172.30.0.1', port: 6443 },
    platform: 'linux/amd64',
    runtime: 'simulation',
  });
  const simulation = new RunningSimulation(options, { clock, store, server });
  await simulation.begin();
  return simulation;
}

/** A stream of its own for each component, so that one more component does not change what the others draw. */
function randomFor(seed: number, name: string): Random {
  return seededRandom(createHash('sha256').update(`${seed}/${name}`).digest().readUInt32LE(0));
}

const nodesUser: Caller = { name: 'system:nodes', groups: ['system:masters', 'system:authenticated'] };

class RunningSimulation implements Simulation {
  readonly seed: number;
  readonly clock: SimulationClock;
  readonly random: Random;
  readonly server: ControlPlane;
  readonly store: Store;
  readonly client: Client;
  readonly transport: Transport;
  readonly #options: SimulationOptions;
  readonly #log: Logger;
  readonly #running = new Map<string, Running>();
  /** Faults of transports that are gone. */
  #pastFaults = 0;
  #starts = 0;
  #rates: FaultRates;
  #nodes: SimulatedNodes | undefined;

  constructor(
    options: SimulationOptions,
    parts: { clock: SimulationClock; store: Store; server: ControlPlane },
  ) {
    this.#options = options;
    this.seed = options.seed;
    this.clock = parts.clock;
    this.store = parts.store;
    this.server = parts.server;
    this.random = randomFor(options.seed, 'actor');
    this.transport = inProcessTransport(parts.server.handle, { user: apiServerUser });
    this.client = new Client({ transport: this.transport, clock: parts.clock, userAgent: 'simulation' });
    this.#log = options.log?.(parts.clock) ?? silentLogger;
    this.#rates = options.faults ?? noFaults;
  }

  get nodes(): SimulatedNodes {
    return this.#nodes as SimulatedNodes;
  }

  get faults(): number {
    let count = this.#pastFaults;
    for (const { transport } of this.#running.values()) count += transport.faults;
    return count;
  }

  async begin(): Promise<void> {
    for (const component of [this.#nodesComponent(), ...(this.#options.components ?? [])])
      this.#start(component);
    let isReady = false;
    this.nodes.ready.then(() => {
      isReady = true;
    });
    await this.settle();
    for (let round = 0; !isReady; round++) {
      if (round > roundsPerInstantMax)
        throw new WherryError('NODES_NOT_READY', 'the simulated nodes do not become ready');
      await this.advance(1000);
    }
  }

  settle(): Promise<void> {
    return settle();
  }

  async advance(milliseconds: number): Promise<void> {
    const { clock } = this;
    const until = clock.now() + milliseconds;
    await settle();
    for (let rounds = 0, instant = clock.now(); ; rounds++) {
      const nextAt = clock.nextAt;
      if (nextAt === undefined || nextAt > until) break;
      if (nextAt > instant) {
        instant = nextAt;
        rounds = 0;
      }
      if (rounds > roundsPerInstantMax)
        throw new WherryError(
          'TIME_STANDS_STILL',
          `timers fire again and again at ${new Date(instant).toISOString()}`,
        );
      clock.runUntil(nextAt);
      await settle();
    }
    clock.runUntil(until);
  }

  setFaults(rates: FaultRates): void {
    this.#rates = rates;
    for (const { transport } of this.#running.values()) transport.rates = rates;
  }

  async restart(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined)
      throw new UserError(
        'NO_SUCH_COMPONENT',
        `there is no component ${name}, only ${[...this.#running.keys()].join(', ')}`,
      );
    await this.#stop(running);
    this.#start(running.component);
    await settle();
  }

  async close(): Promise<void> {
    for (const running of this.#running.values()) await this.#stop(running);
    await this.transport.close();
    await this.server.close();
    await this.store.close();
  }

  async #stop({ stopping, transport, stopped }: Running): Promise<void> {
    stopping.abort();
    await stopped;
    await settle();
    await transport.close();
    this.#pastFaults += transport.faults;
  }

  #start(component: Component): void {
    const { clock } = this;
    const random = randomFor(this.seed, `${component.name}/${this.#starts++}`);
    const transport = faultyTransport(inProcessTransport(this.server.handle, { user: component.user }), {
      rates: this.#rates,
      clock,
      random: randomFor(this.seed, `${component.name}/${this.#starts}/faults`),
    });
    const stopping = new AbortController();
    const { signal } = stopping;
    const { stopped } = component.start({
      transport,
      clock,
      random,
      log: this.#log,
      signal,
      metrics: { registry: this.server.metrics, host: 'in-process' },
    });
    this.#running.set(component.name, { component, stopping, transport, stopped });
  }

  #nodesComponent(): Component {
    const { nodes: count, nodeOptions } = this.#options;
    return {
      name: 'nodes',
      user: nodesUser,
      start: (context) => {
        const down = this.#nodes?.names.filter((name) => !this.nodes.isUp(name)) ?? [];
        this.#nodes = startSimulatedNodes({ ...nodeOptions, ...context, count });
        for (const name of down) this.#nodes.down(name);
        return this.#nodes;
      },
    };
  }
}
