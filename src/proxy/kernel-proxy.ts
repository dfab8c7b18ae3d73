/**
 * The proxy of a node: follows Services, EndpointSlices, its own Node and the Service ranges, and keeps the kernel's
 * table as the planner wants it. One transaction at a time; what changes meanwhile is in the next one. After a failure,
 * or when somebody took the table away, everything is made anew in one transaction. Rules stay when it ends, so that
 * connections outlive the agent.
 */
import { isDeepStrictEqual } from 'node:util';
import { backoffMilliseconds } from '../client/backoff.ts';
import { referenceTo } from '../client/change.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import type { Informers } from '../client/informers.ts';
import { keyOf } from '../client/object-key.ts';
import type { EndpointSlice, Service } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import type { Clock } from '../lib/clock.ts';
import type { Exec } from '../lib/exec.ts';
import type { IPFamily } from '../lib/ip.ts';
import type { Logger } from '../lib/log.ts';
import type { MetricsRegistry } from '../lib/metrics.ts';
import type { Random } from '../lib/random.ts';
import type { Nft } from '../nft/nft.ts';
import type { Reading } from '../nft/reading.ts';
import { serviceKeysOf } from '../service/endpoint-candidates.ts';
import { deleteArguments, listArguments, parseFlows, staleFlows } from './datagram-flows.ts';
import { HealthChecks, type ListenHttp } from './health-check.ts';
import { baseTable, type NodeNetwork, tableFamily, tableName } from './layout.ts';
import {
  coalesceMilliseconds,
  conntrackBytesMax,
  owedDoorsMax,
  pendingTriggersMax,
  probeMilliseconds,
  retryBackoff,
  unhealthyMilliseconds,
} from './limits.ts';
import { proxyMetrics } from './metrics.ts';
import type { ProxyHealth } from './node-health.ts';
import { nodeNetworkOf } from './node-network.ts';
import { Planner, type Transaction } from './planner.ts';

export interface KernelProxyOptions {
  readonly nodeName: string;
  readonly informers: Informers;
  readonly nft: Nft;
  /** Runs `conntrack`. */
  readonly exec: Exec;
  /** As `['nsenter', '--net=/run/netns/x']`, before `conntrack`. */
  readonly execPrefix?: readonly string[];
  readonly listenHttp: ListenHttp;
  readonly families: readonly IPFamily[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly signal: AbortSignal;
  /** Told of failures to program the rules, besides the log: the Events of the Node. */
  readonly recorder?: EventRecorder;
}

const sliceIndex = 'kernelProxyService';
const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';

export class KernelProxy {
  readonly #options: KernelProxyOptions;
  readonly #metrics: ReturnType<typeof proxyMetrics>;
  readonly #health: HealthChecks;
  readonly #dirty = new Set<string>();
  /** When the changes happened that wait to be programmed, in milliseconds since the epoch. */
  readonly #triggers: number[] = [];
  #planner: Planner | undefined;
  #network: NodeNetwork | undefined;
  #needsAll = true;
  #failures = 0;
  /** By the monotonic clock. */
  #failingSince: number | undefined;
  /** When the rules were last programmed, in milliseconds since the epoch. */
  #lastUpdated: number | undefined;
  /** Doors for datagrams whose flows could not be forgotten; the next transaction or probe tries again. */
  #owed: { isAll: boolean; doors: readonly string[] } = { isAll: false, doors: [] };
  #cancel: (() => void) | undefined;
  #isWorking = false;
  /** Something changed while a transaction was under way. */
  #isDue = false;
  #isReady = false;
  #probing: Promise<void> | undefined;
  #onSettled: (() => void)[] = [];
  /** When what was under way at the abort has ended. */
  readonly stopped: Promise<void>;

  /** Begins when the informers have their first state; ends with the signal. */
  constructor(options: KernelProxyOptions) {
    this.#options = options;
    const { metrics, listenHttp: listen, log, signal, informers } = options;
    this.#metrics = proxyMetrics(metrics, () => this.#planner?.size ?? { elements: 0, chains: 0 });
    this.#health = new HealthChecks({
      ...{ listen, log, clock: options.clock },
      isHealthy: () => this.health.isHealthy,
      onFailure: (key, port, error) => this.#tellService(key, port, error),
    });
    this.#follow();
    void informers.synced().then(() => {
      this.#isReady = true;
      this.#schedule(0);
    });
    this.#probeLater();
    this.stopped = new Promise((resolve) => {
      const stop = () => {
        this.#cancel?.();
        this.#health.close();
        if (this.#isWorking) this.#onSettled.push(resolve);
        else resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** What is programmed, or about to be. */
  get planner(): Planner | undefined {
    return this.#planner;
  }

  /** The planner with what it plans for: for `wherry why`. */
  get current(): { readonly planner: Planner; readonly network: NodeNetwork } | undefined {
    if (this.#planner === undefined || this.#network === undefined) return undefined;
    return { planner: this.#planner, network: this.#network };
  }

  /** A failure counts only when it has lasted for a while. */
  get health(): ProxyHealth {
    const { clock, families } = this.#options;
    const since = this.#failingSince;
    const isHealthy = since === undefined || clock.monotonic() - since < unhealthyMilliseconds;
    return { isHealthy, families, lastUpdated: this.#lastUpdated };
  }

  /** Resolves when nft is not at work; something may be due by the clock. */
  async settled(): Promise<void> {
    await this.#probing;
    while (this.#isWorking) await new Promise<void>((resolve) => this.#onSettled.push(resolve));
  }

  #follow(): void {
    const { informers, nodeName } = this.#options;
    const services = informers.of('Service');
    const slices = informers.of('EndpointSlice');
    slices.addIndex(sliceIndex, serviceKeysOf);
    const mark = (service: Service) => this.#mark(keyOf(service));
    services.handle({ add: mark, update: mark, delete: mark });
    const markOwners = (slice: EndpointSlice, old?: EndpointSlice) => {
      this.#noteTrigger(slice, old);
      for (const key of new Set([slice, ...(old === undefined ? [] : [old])].flatMap(serviceKeysOf)))
        this.#mark(key);
    };
    slices.handle({
      add: markOwners,
      update: markOwners,
      delete: (slice) => {
        for (const key of serviceKeysOf(slice)) this.#mark(key);
      },
    });
    const lookAgain = () => this.#schedule();
    const ifOwn = ({ metadata }: { metadata: { name?: string } }) =>
      metadata.name === nodeName ? this.#schedule() : undefined;
    informers.of('Node').handle({ add: ifOwn, update: ifOwn });
    informers.of('ServiceCIDR').handle({ add: lookAgain, update: lookAgain, delete: lookAgain });
  }

  #mark(key: string): void {
    this.#dirty.add(key);
    this.#schedule();
  }

  /** Only what changed since this proxy looks: at the start everything comes, however old it is. */
  #noteTrigger({ metadata }: EndpointSlice, old: EndpointSlice | undefined): void {
    if (!this.#isReady || this.#triggers.length >= pendingTriggersMax) return;
    const text = getOwn(metadata.annotations, triggerTimeAnnotation);
    if (text === undefined || text === getOwn(old?.metadata.annotations, triggerTimeAnnotation)) return;
    const time = Date.parse(text);
    if (!Number.isNaN(time)) this.#triggers.push(time);
  }

  #schedule(milliseconds = coalesceMilliseconds): void {
    const { clock, signal } = this.#options;
    if (!this.#isReady || this.#cancel !== undefined || signal.aborted) return;
    if (this.#isWorking) {
      this.#isDue = true;
      return;
    }
    this.#cancel = clock.after(milliseconds, () => {
      this.#cancel = undefined;
      this.#isWorking = true;
      this.#isDue = false;
      void this.#work().then((wait) => {
        this.#isWorking = false;
        for (const callback of this.#onSettled.splice(0)) callback();
        if (wait !== undefined) this.#schedule(wait);
        else if (this.#isDue) this.#schedule();
      });
    });
  }

  /** Never rejects. Returns how long to wait before the next try; undefined when there is none to make. */
  async #work(): Promise<number | undefined> {
    const { log, random } = this.#options;
    try {
      await this.#sync();
      if (this.#failures > 0) log.info('the rules are programmed again', { failures: this.#failures });
      this.#failures = 0;
      this.#failingSince = undefined;
      this.#lastUpdated = this.#options.clock.now();
      return undefined;
    } catch (error) {
      this.#failingSince ??= this.#options.clock.monotonic();
      this.#needsAll = true;
      this.#metrics.failures.add();
      this.#tellNode(error as Error);
      const wait = backoffMilliseconds(retryBackoff, this.#failures++, random);
      log.error('the rules could not be programmed', { error, retryMilliseconds: Math.round(wait) });
      return wait;
    }
  }

  /** The same words each time: the recorder then counts instead of writing another one. */
  #tellNode({ message }: Error): void {
    const { recorder, nodeName } = this.#options;
    recorder?.record(
      { component: 'wherry-agent', host: nodeName },
      {
        // As kubelet's: the name stands for the uid, by which `kubectl describe node` finds them.
        regarding: { kind: 'Node', name: nodeName, uid: nodeName },
        type: 'Warning',
        reason: 'FailedToProgramRules',
        message: `Services lead where they led before, or nowhere, on this node; trying again: ${message}`,
      },
    );
  }

  /** In upstream's words (pkg/proxy/healthcheck/service_health.go). */
  #tellService(key: string, port: number, { message }: Error): void {
    const { recorder, nodeName, informers } = this.#options;
    const service = informers.of('Service').get(key);
    if (service === undefined) return;
    recorder?.record(
      { component: 'wherry-agent', host: nodeName },
      {
        regarding: referenceTo('Service', service),
        type: 'Warning',
        reason: 'FailedToStartServiceHealthcheck',
        message: `node ${nodeName} failed to start healthcheck ${JSON.stringify(key)} on port ${port}: ${message}`,
      },
    );
  }

  async #sync(): Promise<void> {
    const { informers, clock, nodeName } = this.#options;
    const node = informers.of('Node').get(nodeName);
    // Before the node is registered it has neither addresses nor pods.
    if (node === undefined) return;
    const network = nodeNetworkOf(node, informers.of('ServiceCIDR').list());
    const planner = this.#plannerFor(network);
    const triggered = this.#triggers.length;
    const keys = [...this.#dirty];
    this.#dirty.clear();
    for (const key of keys) this.#plan(planner, key);
    const isFull = this.#needsAll;
    const started = clock.monotonic();
    const transactions = isFull ? planner.takeAll(await this.#readings()) : planner.take();
    await this.#apply(transactions);
    this.#needsAll = false;
    this.#observe({ started, triggers: this.#triggers.splice(0, triggered), isFull });
    await this.#forgetFlows(planner, isFull || this.#owed.isAll);
  }

  #plannerFor(network: NodeNetwork): Planner {
    const { families, informers } = this.#options;
    if (this.#planner !== undefined && isDeepStrictEqual(network, this.#network)) return this.#planner;
    this.#network = network;
    this.#planner = new Planner({ network, families });
    this.#needsAll = true;
    for (const service of informers.of('Service').list()) this.#dirty.add(keyOf(service));
    return this.#planner;
  }

  #plan(planner: Planner, key: string): void {
    const { informers } = this.#options;
    planner.set(
      key,
      informers.of('Service').get(key),
      informers.of('EndpointSlice').byIndex(sliceIndex, key),
    );
    this.#health.set(key, planner.get(key));
  }

  /** What the kernel has, to be taken over; nothing after a failure, which may be its fault. */
  async #readings(): Promise<Map<IPFamily, Reading>> {
    const { families, nft } = this.#options;
    const readings = new Map<IPFamily, Reading>();
    if (this.#failures > 0) return readings;
    for (const family of families) {
      const reading = await nft.read({ family: tableFamily(family), name: tableName });
      if (reading !== undefined) readings.set(family, reading);
    }
    return readings;
  }

  async #apply(transactions: readonly Transaction[]): Promise<void> {
    for (const { table, operations } of transactions) await this.#options.nft.apply(table, operations);
  }

  #observe(done: { started: number; triggers: readonly number[]; isFull: boolean }): void {
    const { clock } = this.#options;
    const seconds = (clock.monotonic() - done.started) / 1000;
    this.#metrics.sync.observe(seconds);
    if (done.isFull) this.#metrics.full.observe(seconds);
    this.#metrics.lastSync.value = clock.now() / 1000;
    for (const trigger of done.triggers)
      this.#metrics.programming.observe(Math.max(0, clock.now() - trigger) / 1000);
  }

  /** After the rules: a datagram that comes in between is sent by the new ones. */
  async #forgetFlows(planner: Planner, isAll: boolean): Promise<void> {
    const changed = new Set([...planner.takeChangedDoors(), ...this.#owed.doors]);
    if (changed.size === 0 && !isAll) return;
    const isAsked = (door: string) => isAll || changed.has(door);
    const endpointsOf = (door: string): ReadonlySet<string> | undefined => {
      if (!isAsked(door)) return undefined;
      return planner.endpointsOf(door) ?? (changed.has(door) ? new Set<string>() : undefined);
    };
    let hasFailed = false;
    for (const family of this.#options.families) {
      const listed = await this.#conntrack(listArguments(family));
      hasFailed ||= listed === undefined;
      for (const flow of staleFlows(parseFlows(listed ?? '', family), endpointsOf))
        if ((await this.#conntrack(deleteArguments(flow))) === undefined) hasFailed = true;
    }
    this.#owed = hasFailed
      ? { isAll, doors: [...changed].slice(0, owedDoorsMax) }
      : { isAll: false, doors: [] };
  }

  /** Its output; undefined, and said, when it failed: the rules are right nonetheless. */
  async #conntrack(args: readonly string[]): Promise<string | undefined> {
    const { exec, execPrefix = [], log } = this.#options;
    const [command = 'conntrack', ...rest] = [...execPrefix, 'conntrack', ...args];
    const { code, stdout, stderr } = await exec(command, rest, { outputBytesMax: conntrackBytesMax });
    // 1 is also what it says when there was nothing to delete.
    if (code === 0 || /0 flow entries have been deleted/.test(stderr)) return stdout;
    log.warn('conntrack failed: UDP clients may keep to endpoints that are gone', { stderr });
    return undefined;
  }

  #probeLater(): void {
    const { clock, signal } = this.#options;
    if (signal.aborted) return;
    const cancel = clock.after(probeMilliseconds, () => {
      signal.removeEventListener('abort', cancel);
      this.#probing = this.#probe().then(() => this.#probeLater());
    });
    signal.addEventListener('abort', cancel, { once: true });
  }

  /** Says the fixed chains again: where they are there that changes nothing, where the table is gone it fails. */
  async #probe(): Promise<void> {
    const { families, nft, log } = this.#options;
    const network = this.#network;
    if (network === undefined || this.#isWorking || this.#needsAll) return;
    try {
      for (const family of families) {
        const table = { family: tableFamily(family), name: tableName };
        const { chains } = baseTable(family, network);
        await nft.apply(
          table,
          [...chains].map(([chain, { rules }]) => ({ type: 'setRules', chain, rules }) as const),
        );
      }
      if (this.#owed.isAll || this.#owed.doors.length > 0) this.#schedule(0);
    } catch (error) {
      log.warn('the rules are not as they were left: making them anew', { error });
      this.#needsAll = true;
      this.#schedule(0);
    }
  }
}

/** Takes the tables away; nothing else of the machine's rules is touched. */
export async function removeTables(nft: Nft): Promise<void> {
  for (const family of ['ip', 'ip6'] as const)
    await nft.apply({ family, name: tableName }, [{ type: 'addTable' }, { type: 'destroyTable' }]);
}
