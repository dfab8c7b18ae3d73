/**
 * Announces load balancers' addresses from a node: those for which this node is elected are put on its interface, and the
 * kernel answers for them. Run by every agent; each sees the same objects and computes the same election (elect.ts).
 *
 * Handing over: the node that is elected takes the address at once and tells the network; the one that was keeps it a
 * moment longer. Its rules serve what still comes, and nobody is without an answer in between. After a restart the
 * addresses are found by their mark (links.ts), so what is announced stays announced.
 *
 * A node that has lost the server goes on with what it knows: its clients are on the network, not at the server.
 */
import { type EventText, referenceTo } from '../client/change.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import type { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import type { EndpointSlice, Service } from '../kinds/generated/types.ts';
import type { KubeObject } from '../kinds/object.ts';
import { onAbort } from '../lib/abort.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import { serviceKeysOf } from '../service/endpoint-candidates.ts';
import { type Election, electNodes } from './elect.ts';
import {
  announceDelayMilliseconds,
  announceResyncMilliseconds,
  announceRetryMilliseconds,
  handoverMilliseconds,
  tellMilliseconds,
  tellTimesMax,
  toldAtOnceMax,
} from './limits.ts';
import type { LinkAddress, LinkState, Links } from './links.ts';
import { planLinks, type Wanted } from './plan-links.ts';
import { keyOf } from './wish.ts';

export interface AnnouncerOptions {
  /** Started by the caller. */
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly nodeName: string;
  /** The node's own addresses: their interface is the one that announces, unless an advertisement names others. */
  readonly nodeAddresses: readonly string[];
  readonly links: Links;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface Announcer {
  /** What this node announces now. */
  readonly announced: readonly string[];
  /** After the signal, when nothing is under way. The addresses stay: a restart of the agent must not be noticed. */
  readonly stopped: Promise<void>;
}

export function startAnnouncer(options: AnnouncerOptions): Announcer {
  return new RunningAnnouncer(options);
}

const sliceIndex = 'announcerService';

const addressKey = ({ link, address }: LinkAddress): string => `${link} ${address}`;

class RunningAnnouncer implements Announcer {
  readonly stopped: Promise<void>;
  readonly #options: AnnouncerOptions;
  readonly #record: (event: EventText) => void;
  /** Addresses that this node is about to leave to another, and when. */
  readonly #leaving = new Map<string, number>();
  /** New ones, and how often the network is still to be told. */
  readonly #telling = new Map<string, { at: LinkAddress; times: number }>();
  /** Services whose news has been told, with the text. */
  readonly #told = new Map<string, string>();
  #announced: readonly string[] = [];
  #cancel: (() => void) | undefined;
  #due = Number.POSITIVE_INFINITY;
  #running: Promise<void> | undefined;
  #ended = false;
  #end: () => void = () => {};

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    const { informers, recorder, nodeName, signal } = options;
    this.#record = recorder.from({ component: 'metallb-speaker', host: nodeName });
    this.stopped = new Promise((resolve) => {
      this.#end = resolve;
    });
    informers.of('EndpointSlice').addIndex(sliceIndex, serviceKeysOf);
    const followed = ['Service', 'EndpointSlice', 'Node', 'IPAddressPool', 'L2Advertisement'] as const;
    let waiting: number = followed.length;
    for (const name of followed) {
      const informer = informers.of(name) as unknown as Informer<KubeObject>;
      const look = () => {
        if (waiting === 0) this.#lookIn(announceDelayMilliseconds);
      };
      const lookAt = (...each: KubeObject[]) => {
        if (each.some((object) => this.#matters(name, object))) look();
      };
      informer.handle({ add: lookAt, update: lookAt, delete: lookAt });
      // Before everything is known, addresses from before a restart would seem to be nobody's.
      informer.onSynced(() => {
        waiting--;
        look();
      });
    }
    if (signal.aborted) this.#stop();
    else onAbort(signal, () => this.#stop());
  }

  get announced(): readonly string[] {
    return this.#announced;
  }

  /** Pods come and go all the time; those of few Services decide where an address is. */
  #matters(kind: string, object: KubeObject): boolean {
    const isBalancer = (service: Service | undefined) => service?.spec?.type === 'LoadBalancer';
    if (kind === 'Service') return isBalancer(object as Service);
    if (kind !== 'EndpointSlice') return true;
    const services = this.#options.informers.of('Service');
    return serviceKeysOf(object as EndpointSlice).some((key) => isBalancer(services.get(key)));
  }

  #stop(): void {
    this.#ended = true;
    this.#cancel?.();
    void (this.#running ?? Promise.resolve()).then(() => this.#end());
  }

  /** The sooner of what was asked for. */
  #lookIn(milliseconds: number): void {
    const { clock } = this.#options;
    const due = clock.monotonic() + milliseconds;
    if (this.#ended || due >= this.#due) return;
    this.#cancel?.();
    this.#due = due;
    this.#cancel = clock.after(milliseconds, () => {
      // Asked for again while the last look is under way: after it.
      this.#running = (this.#running ?? Promise.resolve()).then(() => this.#look());
    });
  }

  async #look(): Promise<void> {
    this.#due = Number.POSITIVE_INFINITY;
    if (this.#ended) return;
    const { links, log } = this.#options;
    try {
      const elections = this.#elect();
      const state = await links.read();
      await this.#apply(elections, state);
      await this.#tell();
      // Somebody may have taken an address away meanwhile.
      this.#lookIn(announceResyncMilliseconds);
    } catch (error) {
      log.warn('the addresses of load balancers could not be brought about; it is tried again', {
        error: String(error),
      });
      this.#lookIn(announceRetryMilliseconds);
    }
  }

  #elect(): Map<string, Election> {
    const { informers } = this.#options;
    const slices = informers.of('EndpointSlice');
    const services = informers.of('Service').list();
    return electNodes(
      services.filter(({ spec }) => spec?.type === 'LoadBalancer'),
      {
        nodes: informers.of('Node').list(),
        slicesOf: (key) => slices.byIndex(sliceIndex, key),
        pools: informers.of('IPAddressPool').list(),
        advertisements: informers.of('L2Advertisement').list(),
      },
    );
  }

  async #apply(elections: Map<string, Election>, state: readonly LinkState[]): Promise<void> {
    const { nodeName, nodeAddresses, links, clock } = this.#options;
    const wanted: Wanted[] = [];
    const elsewhere = new Set<string>();
    for (const [key, election] of elections) {
      if (!election.announce) continue;
      if (election.node === nodeName)
        wanted.push({ key, addresses: election.addresses, interfaces: election.interfaces });
      else for (const address of election.addresses) elsewhere.add(address);
    }
    const plan = planLinks({ wanted, elsewhere, state, nodeAddresses });
    const now = clock.monotonic();
    const remove = [...plan.gone, ...this.#dueToLeave(plan.leaving, now)];
    await links.change({ add: plan.add, remove });
    for (const at of remove) this.#telling.delete(addressKey(at));
    for (const at of plan.add) this.#telling.set(addressKey(at), { at, times: tellTimesMax });
    this.#announced = [...new Set(plan.present.map(({ address }) => address))].sort();
    this.#tellServices(wanted, plan.unplaced);
  }

  /** Those whose time has come; the others are looked at again when it has. */
  #dueToLeave(leaving: readonly LinkAddress[], now: number): LinkAddress[] {
    const keys = new Set(leaving.map(addressKey));
    for (const key of this.#leaving.keys()) if (!keys.has(key)) this.#leaving.delete(key);
    return leaving.filter((at) => {
      const key = addressKey(at);
      const due = this.#leaving.get(key) ?? now + handoverMilliseconds;
      this.#leaving.set(key, due);
      if (due > now) this.#lookIn(due - now);
      return due <= now;
    });
  }

  /** Not too many in one go, since nothing else is done meanwhile; each has its turn. */
  async #tell(): Promise<void> {
    const batch = [...this.#telling].slice(0, toldAtOnceMax);
    if (batch.length === 0) return;
    for (const [key, { at, times }] of batch) {
      this.#telling.delete(key);
      if (times > 1) this.#telling.set(key, { at, times: times - 1 });
    }
    await this.#options.links.tell(batch.map(([, { at }]) => at));
    if (this.#telling.size === 0) return;
    const isNew = [...this.#telling.values()].some(({ times }) => times === tellTimesMax);
    this.#lookIn(isNew ? announceDelayMilliseconds : tellMilliseconds);
  }

  /** Once for each time that a Service comes here; and once for what stands in the way. */
  #tellServices(wanted: readonly Wanted[], unplaced: ReadonlyMap<string, string>): void {
    const { nodeName, informers } = this.#options;
    const here = new Set(wanted.map(({ key }) => key));
    for (const key of this.#told.keys()) if (!here.has(key)) this.#told.delete(key);
    for (const { key } of wanted) {
      const address = unplaced.get(key);
      const [type, reason, message] =
        address === undefined
          ? (['Normal', 'nodeAssigned', `announcing from node "${nodeName}" with protocol "layer2"`] as const)
          : ([
              'Warning',
              'announceFailed',
              `the interfaces specified by LB IP "${address}" doesn't exist in assigned node "${nodeName}" with protocol "layer2"`,
            ] as const);
      if (this.#told.get(key) === message) continue;
      this.#told.set(key, message);
      const service: Service | undefined = informers.of('Service').get(key);
      if (service === undefined || keyOf(service) !== key) continue;
      this.#record({ regarding: referenceTo('Service', service), type, reason, message });
    }
  }
}
