/** All that a crash test knows of its cluster, over all restarts, and how it is compared with a server that is up. */
import type { ClientHttp2Session } from 'node:http2';
import { setTimeout as wait } from 'node:timers/promises';
import { type Random, randomInteger } from '../../src/lib/random.ts';
import { ask } from './api.ts';
import { compareHistory, EventLog, keyOf, type SeenEvent, selectEvents, stateOf } from './event-log.ts';
import { Follower } from './follower.ts';
import { Ledger, type State } from './ledger.ts';
import {
  Counter,
  configMapsPath,
  counterName,
  type LoadOptions,
  runWriter,
  servicesPath,
  write,
} from './load.ts';

const ipAddressesPath = '/apis/networking.k8s.io/v1/ipaddresses';
const writersPerKind = 3;
const objectsPerWriter = 5;
const counters = 2;
const historyWriters = 64;
/** A watch whose server lives must not take longer for what it has missed. */
const catchUpMillisecondsMax = 10_000;

const namesOf = (prefix: string, writer: number) =>
  Array.from({ length: objectsPerWriter }, (_, index) => `${prefix}-${writer}-${index}`);

/** Boot's own, the one that all count up, and what only asks whether it can be: not in the ledger. */
const strangers: ReadonlySet<string> = new Set([
  'default/kubernetes',
  'default/probe',
  `default/${counterName}`,
]);

type FollowerName =
  | 'configMaps'
  | 'services'
  | 'ipAddresses'
  /** With a selector. */
  | 'left'
  /** Rests for some lives of the server. */
  | 'lazy'
  /** Gives its watch up and takes it up again all the time. */
  | 'restless';

export class World {
  readonly ledger = new Ledger();
  readonly counter = new Counter();
  readonly random: Random;
  readonly unexpected: string[] = [];
  /** Set at the first start that lives long enough for a list. */
  followers: Readonly<Record<FollowerName, Follower>> | undefined;
  #marks = 0;

  constructor(random: Random) {
    this.random = random;
  }

  faults(): string[] {
    const logs = Object.values(this.followers ?? {}).flatMap(({ log }) => log.faults);
    return [...this.ledger.faults, ...this.counter.faults, ...this.unexpected, ...logs];
  }

  load(session: ClientHttp2Session, mayRefuse: () => boolean = () => false): LoadOptions {
    const { ledger, random, unexpected } = this;
    return { session, ledger, random, unexpected, mayRefuse };
  }

  /** Compares what is there with what was acknowledged. Throws CutError. */
  async settle(session: ClientHttp2Session): Promise<void> {
    if (this.followers === undefined) {
      const created = await ask(session, {
        method: 'POST',
        path: configMapsPath,
        body: { metadata: { name: counterName }, data: { count: '0' } },
      });
      if (created.status !== 201 && created.status !== 409)
        throw new Error(`the counter cannot be made: ${created.object.message}`);
    }
    const paths = [configMapsPath, servicesPath, ipAddressesPath];
    const lists = await Promise.all(paths.map((path) => ask(session, { path })));
    const [configMaps, services, ipAddresses] = lists.map(({ object }) => object.items ?? []);
    const present = new Map<string, State>();
    for (const object of [...configMaps!, ...services!])
      if (!strangers.has(keyOf(object))) present.set(keyOf(object), stateOf(object));
    const revisions = lists.map(({ object }) => Number(object.metadata.resourceVersion));
    this.ledger.settle(Math.min(...revisions), present);
    const counter = configMaps!.find(({ metadata }) => metadata.name === counterName);
    this.counter.settle(Number(counter?.data?.count ?? Number.NaN));
    this.followers ??= {
      configMaps: new Follower(new EventLog('configmaps', revisions[0]!, configMaps!), configMapsPath),
      services: new Follower(new EventLog('services', revisions[1]!, services!), servicesPath),
      ipAddresses: new Follower(new EventLog('ipaddresses', revisions[2]!, ipAddresses!), ipAddressesPath),
      left: new Follower(
        new EventLog('configmaps with side=left', revisions[0]!, []),
        `${configMapsPath}?labelSelector=side%3Dleft`,
      ),
      restless: new Follower(
        new EventLog('configmaps, restless', revisions[0]!, configMaps!),
        configMapsPath,
      ),
      lazy: new Follower(new EventLog('configmaps, seldom', revisions[0]!, configMaps!), configMapsPath),
    };
  }

  /** Takes the watches up again; all resolve when they have ended. */
  resume(session: ClientHttp2Session, { lazily }: { lazily: boolean }): Promise<boolean[]> {
    const { lazy, ...prompt } = this.followers!;
    const taken = [...Object.values(prompt), ...(lazily ? [lazy] : [])];
    return Promise.all(taken.map((follower) => follower.resume(session)));
  }

  /**
   * Writes one object of each kind and waits until the watches show it: what a watch shows by then must be all that
   * was written before. Throws CutError.
   */
  async catchUp(
    session: ClientHttp2Session,
    options: { lazily: boolean; isGone: () => boolean },
  ): Promise<void> {
    const { configMaps, services, ipAddresses, left, lazy, restless } = this.followers!;
    const marked = await this.#mark(session);
    const waitFor = { milliseconds: catchUpMillisecondsMax, isGone: options.isGone };
    const reach = async (follower: Follower, revision: number) => {
      if (!(await follower.reaches(revision, waitFor)) && !options.isGone())
        follower.log.faults.push(
          `watch of ${follower.log.name} has come to ${follower.log.revision}, not to ${revision}`,
        );
    };
    await Promise.all([
      ...[configMaps, left, restless, ...(options.lazily ? [lazy] : [])].map((each) =>
        reach(each, marked.configMap),
      ),
      ...[services, ipAddresses].map((each) => reach(each, marked.service)),
    ]);
    if (options.isGone()) return;
    this.#compareStates();
  }

  /** Gives one watch up and takes it up again, among the writes, until the session ends or `isOver`. */
  async fidget(session: ClientHttp2Session, isOver: () => boolean): Promise<void> {
    const { restless } = this.followers!;
    while (!isOver() && !session.closed && !session.destroyed) {
      restless.pause();
      void restless.resume(session);
      await wait(1 + randomInteger(this.random, 20));
    }
  }

  /** Starts all writers; resolves when all have ended. */
  async work(options: LoadOptions & { isOver: () => boolean }): Promise<void> {
    const writers = Array.from({ length: writersPerKind }, (_, writer) => [
      runWriter('configmaps', namesOf('config', writer), options),
      runWriter('services', namesOf('service', writer), options),
    ]).flat();
    await Promise.all([...writers, ...Array.from({ length: counters }, () => this.counter.run(options))]);
  }

  /** Every write of every object against every event, when all watches have caught up. */
  compareHistories(): string[] {
    const { configMaps, services, left, lazy, restless } = this.followers!;
    const seen = Map.groupBy([...configMaps.log.events, ...services.log.events], ({ key }) => key);
    const keys = [...new Set([...this.ledger.keys(), ...seen.keys()])].filter((key) => !strangers.has(key));
    const shown = (events: readonly SeenEvent[]) => events.map((event) => JSON.stringify(event));
    return [
      ...keys.flatMap((key) => compareHistory(key, this.ledger.happened(key), seen.get(key) ?? [])),
      ...differences('restless', shown(configMaps.log.events), shown(restless.log.events)),
      ...differences('seldom', shown(configMaps.log.events), shown(lazy.log.events)),
      ...differences(
        'side=left',
        shown(selectEvents(configMaps.log.events, ({ labels }) => labels.side === 'left')),
        shown(left.log.events),
      ),
    ];
  }

  async #mark(session: ClientHttp2Session): Promise<{ configMap: number; service: number }> {
    const options = this.load(session);
    const token = `mark-${++this.#marks}`;
    const mark = async (path: string, object: { metadata: { name: string } }) => {
      const { name } = object.metadata;
      if (this.ledger.state(`default/${name}`) !== undefined)
        await write(name, { method: 'DELETE', path: `${path}/${name}`, token: undefined }, options);
      const { object: made } = await write(name, { method: 'POST', path, body: object, token }, options);
      return Number(made.metadata.resourceVersion);
    };
    const metadata = { labels: { side: 'left' }, annotations: { 'crash-test/token': token } };
    const configMap = await mark(configMapsPath, { metadata: { name: 'mark', ...metadata } });
    const service = await mark(servicesPath, {
      metadata: { name: 'mark-service', ...metadata },
      spec: { ports: [{ port: 80 }] },
    } as { metadata: { name: string } });
    return { configMap, service };
  }

  /** Writes elsewhere, many at a time, what no watch of ours sees. Throws CutError. */
  async writeHistory(session: ClientHttp2Session, revisions: number): Promise<void> {
    let left = revisions;
    const path = '/api/v1/namespaces/kube-public/configmaps';
    const writer = async (_: unknown, index: number) => {
      const name = `history-${index}`;
      await ask(session, { method: 'POST', path, body: { metadata: { name } } });
      while (left-- > 0) {
        const body = { data: { left: `${left}` } };
        const type = 'application/merge-patch+json';
        const { status } = await ask(session, { method: 'PATCH', path: `${path}/${name}`, type, body });
        if (status !== 200) this.unexpected.push(`PATCH ${path}/${name}: ${status}`);
      }
    };
    await Promise.all(Array.from({ length: historyWriters }, writer));
  }

  #compareStates(): void {
    const { configMaps, services, ipAddresses } = this.followers!;
    const { faults } = this.ledger;
    const state = new Map([...configMaps.log.state, ...services.log.state]);
    for (const key of this.ledger.keys()) {
      const [known, seen] = [this.ledger.state(key), state.get(key)];
      if (known?.revision !== seen?.revision)
        faults.push(`${key} is at ${known?.revision}; the watch has shown ${seen?.revision}`);
    }
    const addresses = [...services.log.state.values()].flatMap(({ holds }) =>
      holds.filter((held) => held.includes('.')),
    );
    const objects = [...ipAddresses.log.state.keys()];
    if (`${addresses.sort()}` !== `${objects.sort()}`)
      faults.push(`Services have the addresses [${addresses}], and there are IPAddresses [${objects}]`);
  }
}

function differences(name: string, wanted: readonly string[], seen: readonly string[]): string[] {
  const at = wanted.findIndex((event, index) => event !== seen[index]);
  if (at < 0 && wanted.length === seen.length) return [];
  const index = at < 0 ? wanted.length : at;
  return [`the watch ${name} shows ${seen[index]} where ${wanted[index]} belongs`];
}
