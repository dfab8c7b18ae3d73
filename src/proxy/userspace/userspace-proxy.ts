/**
 * The proxy for places without the privilege to program the kernel: it listens on the addresses of Services itself.
 * Follows Services, EndpointSlices and the nodes' addresses.
 */
import { referenceTo } from '../../client/change.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Informers } from '../../client/informers.ts';
import { keyOf } from '../../client/object-key.ts';
import type { EndpointSlice, Node, Service } from '../../kinds/generated/types.ts';
import { cidrContains, parseCidr } from '../../lib/cidr.ts';
import type { Clock } from '../../lib/clock.ts';
import { parseAddress } from '../../lib/ip.ts';
import type { Logger } from '../../lib/log.ts';
import { realPort } from '../../lib/low-ports.ts';
import { serviceKeysOf } from '../../service/endpoint-candidates.ts';
import { Balancer, type Scheduling } from './balancer.ts';
import { listenersMax, retryMilliseconds } from './limits.ts';
import { type Backend, type Listener, listenerKey, type ProxiedNode, planListeners } from './listeners.ts';
import { type Forwarder, forwardTcp } from './tcp.ts';
import { forwardUdp } from './udp.ts';

export interface UserspaceProxyOptions {
  readonly informers: Informers;
  readonly recorder?: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly scheduling?: Scheduling;
  /** Ports below 1024 can be listened on: true unless given. See lib/low-ports.ts. */
  readonly lowPorts?: boolean;
  /** See ListenerOptions. */
  readonly hostAddresses?: readonly string[];
}

interface Open {
  readonly forwarder: Forwarder;
  readonly balancer: Balancer;
  /** Where it really listens. */
  readonly port: number;
  listener: Listener;
}

const sliceIndex = 'proxiedService';
const source = { component: 'wherry-proxy' };

/** Whether a client's address is in one of the ranges. */
export function isInRanges(ranges: readonly string[] | undefined, client: string): boolean {
  if (ranges === undefined) return true;
  const address = parseAddress(client);
  if (address === undefined) return false;
  return ranges.some((text) => {
    const range = parseCidr(text.trim());
    return range !== undefined && cidrContains(range, address.family, address.value);
  });
}

export class UserspaceProxy {
  readonly #options: UserspaceProxyOptions;
  readonly #open = new Map<string, Open>();
  readonly #wanted = new Map<string, Listener[]>();
  readonly #dirty = new Set<string>();
  /** Not listening any more, with connections that go on. */
  readonly #draining = new Set<Forwarder>();
  /** By Service, what calls off its next try. */
  readonly #retries = new Map<string, () => void>();
  #working: Promise<void> | undefined;
  #stopped = false;
  readonly stopped: Promise<void>;

  /** Begins at once; ends, with every listener, when the signal aborts. */
  constructor(options: UserspaceProxyOptions) {
    this.#options = options;
    const { informers, signal } = options;
    const services = informers.of('Service');
    const slices = informers.of('EndpointSlice');
    slices.addIndex(sliceIndex, serviceKeysOf);
    const mark = (service: Service) => this.#mark(keyOf(service));
    services.handle({ add: mark, update: mark, delete: mark });
    const markOwners = (...each: EndpointSlice[]) => {
      for (const key of each.flatMap(serviceKeysOf)) this.#mark(key);
    };
    slices.handle({ add: markOwners, update: markOwners, delete: markOwners });
    const markAll = () => {
      for (const service of services.list()) mark(service);
    };
    const addressesOf = ({ status }: Node) => JSON.stringify(status?.addresses);
    informers.of('Node').handle({
      add: markAll,
      update: (node, old) => (addressesOf(node) === addressesOf(old) ? undefined : markAll()),
      delete: markAll,
    });
    this.stopped = new Promise((resolve) => {
      const stop = () => void this.#stop().then(resolve);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** Where it listens, for people: `TCP 127.96.0.5 80 -> 127.244.1.5:8080`, in no order. */
  get places(): string[] {
    return [...this.#open.values()].map(({ listener, port }) => {
      const backends = this.#backendsOf(listener)
        .map((each) => `${each.address}:${each.port}`)
        .join(' ');
      return `${listener.protocol} ${listener.address} ${port} -> ${backends}`;
    });
  }

  /** Resolves when everything that was seen so far is as it should be. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  #mark(key: string): void {
    if (this.#stopped) return;
    this.#dirty.add(key);
    this.#begin();
  }

  #begin(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      // What came after the last look, before this.
      if (this.#dirty.size > 0) this.#begin();
    });
  }

  async #work(): Promise<void> {
    // What comes in one turn of the event loop is done together.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const key of this.#dirty) {
      this.#dirty.delete(key);
      await this.#reconcile(key);
    }
  }

  async #reconcile(key: string): Promise<void> {
    const { informers, hostAddresses = [] } = this.#options;
    const service = informers.of('Service').get(key);
    const slices = informers.of('EndpointSlice').byIndex(sliceIndex, key);
    const options = { slices, nodes: this.#nodes(), hostAddresses };
    const wanted = service === undefined ? [] : planListeners(service, options);
    const keys = new Set(wanted.map(listenerKey));
    for (const old of this.#wanted.get(key) ?? [])
      if (!keys.has(listenerKey(old))) this.#close(listenerKey(old), key);
    if (wanted.length === 0) this.#wanted.delete(key);
    else this.#wanted.set(key, wanted);
    for (const listener of wanted) await this.#listen(listener, service!);
  }

  #wants(service: string, place: string): boolean {
    return this.#wanted.get(service)?.some((each) => listenerKey(each) === place) ?? false;
  }

  #nodes(): ProxiedNode[] {
    return this.#options.informers
      .of('Node')
      .list()
      .map(({ metadata, status }) => ({
        name: metadata.name ?? '',
        addresses: (status?.addresses ?? [])
          .filter(({ type }) => type === 'InternalIP')
          .map(({ address }) => address),
      }))
      .sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  #close(place: string, service: string): void {
    const open = this.#open.get(place);
    if (open === undefined || open.listener.service !== service) return;
    this.#open.delete(place);
    // An address may have been given to another Service before it was taken from this one.
    for (const other of this.#wanted.keys())
      if (other !== service && this.#wants(other, place)) this.#dirty.add(other);
    this.#draining.add(open.forwarder);
    void open.forwarder.close({ drain: true }).finally(() => this.#draining.delete(open.forwarder));
  }

  async #listen(listener: Listener, service: Service): Promise<void> {
    const place = listenerKey(listener);
    const open = this.#open.get(place);
    if (open !== undefined) {
      // Two Services that claim one place: the first by name has it, as in the kernel.
      const holder = open.listener.service;
      if (holder < listener.service && this.#wants(holder, place)) return;
      open.listener = listener;
      open.balancer.set(this.#backendsOf(listener), listener.affinitySeconds);
      open.forwarder.refresh();
      return;
    }
    if (this.#open.size >= listenersMax)
      return this.#complain(service, listener, `no more than ${listenersMax} ports are listened on`);
    const { clock, scheduling = 'roundRobin' } = this.#options;
    const balancer = new Balancer({ clock, scheduling });
    balancer.set(this.#backendsOf(listener), listener.affinitySeconds);
    try {
      const made = await this.#bind(listener, balancer, place);
      this.#open.set(place, made);
      if (made.port !== listener.port) this.#tellShift(service, listener, made.port);
    } catch (error) {
      this.#complain(service, listener, (error as Error).message);
      this.#retryLater(listener.service);
    }
  }

  async #bind(listener: Listener, balancer: Balancer, place: string): Promise<Open> {
    const { clock, lowPorts = true } = this.#options;
    const { address, protocol } = listener;
    const allows = (client: string) => isInRanges(this.#open.get(place)?.listener.sourceRanges, client);
    const forward = protocol === 'TCP' ? forwardTcp : forwardUdp;
    const port = realPort(listener.port, { lowPorts });
    return { forwarder: await forward({ address, port, balancer, clock, allows }), balancer, port, listener };
  }

  /** Pods of the same machine have the same ports. */
  #backendsOf({ backends }: Listener): Backend[] {
    const { lowPorts = true } = this.#options;
    return backends.map(({ address, port }) => ({
      address,
      port: address.startsWith('127.') ? realPort(port, { lowPorts }) : port,
    }));
  }

  #retryLater(service: string): void {
    // One for all its ports: else each port's retry would try them all, and each of these make its own.
    if (this.#retries.has(service)) return;
    const cancel = this.#options.clock.after(retryMilliseconds, () => {
      this.#retries.delete(service);
      this.#mark(service);
    });
    this.#retries.set(service, cancel);
  }

  #tellShift(service: Service, { address, port }: Listener, real: number): void {
    const message = `Port ${port} needs a privilege here: use ${address}:${real} for ${address}:${port}`;
    this.#record(service, { type: 'Normal', reason: 'PortShifted', message });
  }

  #complain(service: Service, { protocol, address, port }: Listener, why: string): void {
    const message = `Cannot listen on ${protocol} ${address}:${port}: ${why}`;
    this.#options.log.warn('a Service cannot be listened for', { service: keyOf(service), message });
    this.#record(service, { type: 'Warning', reason: 'PortUnavailable', message });
  }

  #record(service: Service, text: { type: 'Normal' | 'Warning'; reason: string; message: string }): void {
    this.#options.recorder?.record(source, { regarding: referenceTo('Service', service), ...text });
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#dirty.clear();
    for (const cancel of this.#retries.values()) cancel();
    await this.settled();
    const open = [...this.#open.values()].map(({ forwarder }) => forwarder);
    await Promise.all([...open, ...this.#draining].map((forwarder) => forwarder.close()));
    this.#open.clear();
  }
}
