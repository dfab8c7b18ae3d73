/** A cluster in this process for the cases of workloads: all controllers, the scheduler, simulated nodes, one clock. */
import type { TestContext } from 'node:test';
import type { KindName, ObjectOf } from '../../../src/client/kind-names.ts';
import type { PatchType } from '../../../src/client/typed-client.ts';
import type { Pod } from '../../../src/kinds/generated/types.ts';
import type { KubeObject } from '../../../src/kinds/object.ts';
import { StatusError } from '../../../src/kinds/status.ts';
import { controllerManager, scheduler } from '../../../src/testing/components.ts';
import { type Simulation, startSimulation } from '../../../src/testing/simulation.ts';

const namespace = 'default';

export interface AppsWorld {
  readonly simulation: Simulation;
  create<Name extends KindName>(kind: Name, object: object): Promise<ObjectOf<Name>>;
  get<Name extends KindName>(kind: Name, name: string): Promise<ObjectOf<Name>>;
  /** In the order of their names. */
  list<Name extends KindName>(kind: Name, selector?: string): Promise<ObjectOf<Name>[]>;
  /** A merge patch, of the object or of a subresource. */
  patch<Name extends KindName>(
    kind: Name,
    name: string,
    patch: object,
    options?: { subresource?: string; patchType?: PatchType },
  ): Promise<ObjectOf<Name>>;
  delete(kind: KindName, name: string, gracePeriodSeconds?: number): Promise<void>;
  /** GET or PUT of a subresource, as it is answered. */
  subresource(method: 'GET' | 'PUT', path: string, body?: object): Promise<KubeObject>;
  evict(name: string): Promise<void>;
  seconds(count: number): Promise<void>;
  /** `Warning FailedCreate ...`, each once. */
  events(about: string): Promise<string[]>;
}

export async function startApps(
  t: TestContext,
  options: { nodes?: number; shape?: Record<string, string> } = {},
): Promise<AppsWorld> {
  const simulation = await startSimulation({
    seed: 1,
    nodes: options.nodes ?? 2,
    components: [controllerManager(), scheduler()],
    nodeOptions: {
      removeNotReadyTaint: false,
      ...(options.shape === undefined ? {} : { shape: options.shape }),
    },
  });
  t.after(() => simulation.close());
  const { client } = simulation;
  await simulation.advance(1000);
  return {
    simulation,
    create(kind, object) {
      const { metadata, ...rest } = object as KubeObject;
      return client.of(kind).create({ metadata: { namespace, ...metadata }, ...rest } as never);
    },
    get: (kind, name) => client.of(kind).get({ namespace, name }),
    async list(kind, labelSelector) {
      const { items } = await client
        .of(kind)
        .list({ namespace, ...(labelSelector ? { labelSelector } : {}) });
      const nameOf = (each: unknown) => (each as KubeObject).metadata.name ?? '';
      return [...items].sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
    },
    patch: (kind, name, patch, { subresource, patchType = 'merge' } = {}) =>
      client
        .of(kind)
        .patch(
          { namespace, name },
          { type: patchType, patch, ...(subresource === undefined ? {} : { subresource }) },
        ),
    async delete(kind, name, gracePeriodSeconds) {
      const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
      await client.of(kind).delete({ namespace, name }, grace);
    },
    async subresource(method, path, body) {
      const answer = await client.send({
        method,
        url: path,
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
      });
      return JSON.parse(Buffer.from(answer.body as Uint8Array).toString());
    },
    async evict(name) {
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
      await client.of('Pod').createSubresource({ namespace, name }, { subresource: 'eviction', body });
    },
    seconds: (count) => simulation.advance(count * 1000),
    async events(about) {
      const { items } = await client.of('Event').list({ namespace });
      return items
        .filter(({ involvedObject }) => involvedObject.name === about)
        .map(({ type, reason, message }) => `${type} ${reason} ${message}`);
    },
  };
}

/** What the server refuses with: `429 TooManyRequests: Cannot evict pod ...`; undefined when it does not. */
export async function refusal(doing: Promise<unknown>): Promise<string | undefined> {
  try {
    await doing;
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return `${error.httpCode} ${error.reason}: ${error.message}`;
    throw error;
  }
}

export const labels = { app: 'web' };

/** One container named web. */
export const template = (
  image = 'nginx:1.29',
  options: { labels?: object; annotations?: object; spec?: object } = {},
) => ({
  metadata: {
    labels: options.labels ?? labels,
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  },
  spec: { containers: [{ name: 'web', image }], ...options.spec },
});

export const uidsOf = (pods: readonly Pod[]): (string | undefined)[] =>
  pods.map(({ metadata }) => metadata.uid).sort();

export const imagesOf = (pods: readonly Pod[]): (string | undefined)[] =>
  pods.map(({ spec }) => spec?.containers[0]?.image);

export const isRunning = (pod: Pod): boolean =>
  pod.status?.phase === 'Running' && pod.metadata.deletionTimestamp === undefined;
