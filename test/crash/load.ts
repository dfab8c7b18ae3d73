/** Writers: each changes objects of its own, in every way that the API has, and writes down what it was told. */
import type { ClientHttp2Session } from 'node:http2';
import { type Random, randomInteger } from '../../src/lib/random.ts';
import { type ApiAnswer, type ApiRequest, ask, CutError } from './api.ts';
import { stateOf, tokenAnnotation } from './event-log.ts';
import type { Ledger } from './ledger.ts';

/** Small ranges, so that what was given back is soon given out again. */
export const serviceCIDR = '10.96.0.0/27';
export const nodePorts = { first: 30_000, last: 30_047 };
export const rangeOptions = [
  '--service-cidr',
  serviceCIDR,
  '--service-node-port-range',
  `${nodePorts.first}-${nodePorts.last}`,
];

export const configMapsPath = '/api/v1/namespaces/default/configmaps';
export const servicesPath = '/api/v1/namespaces/default/services';
export const counterName = 'counter';

export interface LoadOptions {
  readonly session: ClientHttp2Session;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Answers that no request of the load should get. */
  readonly unexpected: string[];
  /** After this was true an answer of 503 is as good as none. */
  readonly mayRefuse?: () => boolean;
}

export type Resource = 'configmaps' | 'services';
const pathOf = { configmaps: configMapsPath, services: servicesPath };

/** The ledger's key: names of different kinds do not meet, because the writers' names differ. */
export const ledgerKey = (name: string): string => `default/${name}`;

interface Planned extends ApiRequest {
  /** Undefined for a delete. */
  readonly token: string | undefined;
  /** Answers that say that nothing was done, and that are right. */
  readonly refusals?: readonly number[];
}

/** Sends one write and enters it in the ledger. Throws CutError when there was no whole answer. */
export async function write(name: string, planned: Planned, options: LoadOptions): Promise<ApiAnswer> {
  const { session, ledger, unexpected } = options;
  const { token, refusals = [], ...request } = planned;
  const key = ledgerKey(name);
  ledger.begin(key, token);
  const answer = await ask(session, request);
  if (answer.status === 503 && options.mayRefuse?.()) throw new CutError('the server is shutting down');
  if (answer.status === 200 || answer.status === 201)
    ledger.acknowledge(key, token === undefined ? undefined : stateOf(answer.object));
  else {
    ledger.refuse(key);
    if (!refusals.includes(answer.status))
      unexpected.push(`${request.method} ${request.path}: ${answer.status} ${answer.object.message}`);
  }
  return answer;
}

const metadataOf = (name: string, token: string, random: Random) => ({
  name,
  labels: { side: random.next() < 0.5 ? 'left' : 'right' },
  annotations: { [tokenAnnotation]: token },
});

function configMap(name: string, token: string, random: Random) {
  const payload = 'x'.repeat(randomInteger(random, 2000));
  return { metadata: metadataOf(name, token, random), data: { payload } };
}

/** Most leave the choice to the server; some ask for what somebody may have, and are then refused. */
function service(name: string, token: string, random: Random) {
  const type = random.next() < 0.75 ? 'NodePort' : 'ClusterIP';
  const asksPort = type === 'NodePort' && random.next() < 0.2;
  const nodePort = nodePorts.first + randomInteger(random, nodePorts.last - nodePorts.first + 1);
  const ports = Array.from({ length: 1 + randomInteger(random, 2) }, (_, index) => ({
    name: `port-${index}`,
    port: 80 + index,
    ...(asksPort && index === 0 ? { nodePort } : {}),
  }));
  const address = random.next() < 0.2 ? { clusterIP: `10.96.0.${2 + randomInteger(random, 29)}` } : {};
  return { metadata: metadataOf(name, token, random), spec: { type, ports, ...address } };
}

const newToken = (random: Random) => random.uuid().slice(0, 13);

/** The ways to change what is there. */
function planChange(resource: Resource, name: string, { ledger, random }: LoadOptions): Planned {
  const path = `${pathOf[resource]}/${name}`;
  const token = newToken(random);
  const { labels, annotations } = metadataOf(name, token, random);
  const toggled =
    random.next() < 0.3 ? { spec: { type: random.next() < 0.5 ? 'ClusterIP' : 'NodePort' } } : {};
  const merge = { metadata: { labels, annotations }, ...(resource === 'services' ? toggled : {}) };
  const patch = (type: string, body: unknown): Planned => ({
    method: 'PATCH',
    path,
    type: `application/${type}`,
    body,
    token,
  });
  switch (randomInteger(random, 4)) {
    case 0:
      return patch('merge-patch+json', merge);
    case 1:
      return patch('strategic-merge-patch+json', merge);
    case 2:
      return patch('json-patch+json', [
        { op: 'replace', path: '/metadata/labels/side', value: labels.side },
        { op: 'replace', path: '/metadata/annotations', value: annotations },
      ]);
    default: {
      if (resource === 'services') return patch('merge-patch+json', merge);
      const body = configMap(name, token, random);
      const resourceVersion = `${ledger.state(ledgerKey(name))?.revision}`;
      return {
        method: 'PUT',
        path,
        token,
        body: { ...body, metadata: { ...body.metadata, resourceVersion } },
      };
    }
  }
}

/** One random write of an object that belongs to the caller. */
export function writeSomething(resource: Resource, name: string, options: LoadOptions): Promise<ApiAnswer> {
  const { ledger, random } = options;
  if (ledger.state(ledgerKey(name)) === undefined) {
    const token = newToken(random);
    const body = resource === 'configmaps' ? configMap(name, token, random) : service(name, token, random);
    const refusals = resource === 'services' ? [422] : [];
    return write(name, { method: 'POST', path: pathOf[resource], body, token, refusals }, options);
  }
  const deletes = random.next() < (resource === 'services' ? 0.4 : 0.15);
  if (deletes)
    return write(name, { method: 'DELETE', path: `${pathOf[resource]}/${name}`, token: undefined }, options);
  return write(name, planChange(resource, name, options), options);
}

/** Writes one after the other until `isOver` or until the connection ends. */
export async function runWriter(
  resource: Resource,
  names: readonly string[],
  options: LoadOptions & { isOver: () => boolean },
): Promise<void> {
  const { random } = options;
  await untilCut(async () => {
    while (!options.isOver())
      await writeSomething(resource, names[randomInteger(random, names.length)]!, options);
  });
}

/** Several writers count one number up, each from what it has read: none may be lost. */
export class Counter {
  readonly faults: string[] = [];
  #known = 0;
  #acknowledged = 0;
  #cutOff = 0;

  get value(): number {
    return this.#known + this.#acknowledged;
  }

  async run({ session, unexpected, isOver }: LoadOptions & { isOver: () => boolean }): Promise<void> {
    const path = `${configMapsPath}/${counterName}`;
    await untilCut(async () => {
      while (!isOver()) {
        const { object } = await ask(session, { path });
        const data = { count: `${Number(object.data?.count) + 1}` };
        const { name, resourceVersion } = object.metadata;
        this.#cutOff++;
        const answer = await ask(session, {
          method: 'PUT',
          path,
          body: { metadata: { name, resourceVersion }, data },
        });
        if (answer.status === 503) throw new CutError('the server is shutting down');
        this.#cutOff--;
        if (answer.status === 200) this.#acknowledged++;
        else if (answer.status !== 409)
          unexpected.push(`PUT ${path}: ${answer.status} ${answer.object.message}`);
      }
    });
  }

  /** The server is up again, and shows this number. */
  settle(count: number): void {
    const least = this.value;
    if (count < least || count > least + this.#cutOff)
      this.faults.push(`the counter is ${count}; ${least} were acknowledged, ${this.#cutOff} cut off`);
    this.#known = count;
    this.#acknowledged = 0;
    this.#cutOff = 0;
  }
}

/** Runs until a connection ends; other failures go on. */
export async function untilCut(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return false;
  } catch (failure) {
    if (!(failure instanceof CutError)) throw failure;
    return true;
  }
}
