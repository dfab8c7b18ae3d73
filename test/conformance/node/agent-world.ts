/** A control plane and one node's agent in this process, on the fake runtime, under a clock that the test moves. */
import { lstat } from 'node:fs/promises';
import os from 'node:os';
import type { TestContext } from 'node:test';
import type { FakePrograms } from '../../../src/cri/fake/program.ts';
import { createFakeRuntime, type FakeRuntime } from '../../../src/cri/fake.ts';
import type { Container, Pod, PodSpec } from '../../../src/kinds/generated/types.ts';
import { StatusError } from '../../../src/kinds/status.ts';
import { podEventText, runAgent } from '../../../src/kubelet/agent.ts';
import type { NodeIdentity } from '../../../src/kubelet/node/node-status.ts';
import type { HttpAnswer } from '../../../src/kubelet/probes/probe-once.ts';
import { HookRunner } from '../../../src/kubelet/run/hooks.ts';
import { ImagePuller } from '../../../src/kubelet/run/image-puller.ts';
import type { RecordPodEvent } from '../../../src/kubelet/run/pod-event.ts';
import { startTestNode, testImage } from '../../../src/kubelet/run/test-node.ts';
import { silentLogger } from '../../../src/lib/log.ts';
import { seededRandom } from '../../../src/lib/random.ts';
import { startTestWorld, type TestWorld } from '../../client/world.ts';

const identity: NodeIdentity = {
  name: 'node-1',
  addresses: ['172.30.0.2'],
  capacity: { cpu: '4', memory: '8Gi', pods: '110' },
  allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
  port: 10250,
  labels: {},
  info: {
    architecture: 'amd64',
    bootID: 'b',
    containerRuntimeVersion: 'containerd://1.6.20',
    kernelVersion: '6.1.0',
    kubeProxyVersion: '',
    kubeletVersion: 'v1.36.0',
    machineID: 'm',
    operatingSystem: 'linux',
    osImage: 'Debian GNU/Linux 12 (bookworm)',
    systemUUID: 's',
  },
};

export interface AgentWorld extends TestWorld {
  readonly runtime: FakeRuntime;
  /** What pods answer over HTTP; may be changed. */
  readonly pods: { answer: HttpAnswer };
  create(name: string, spec?: Partial<PodSpec>, metadata?: Pod['metadata']): Promise<Pod>;
  pod(name: string): Promise<Pod>;
  /** Undefined: there is none. */
  find(name: string): Promise<Pod | undefined>;
  patch(name: string, patch: object, subresource?: string): Promise<Pod>;
  delete(name: string, gracePeriodSeconds?: number): Promise<void>;
  /** A second at a time, so that nothing that takes time is passed over. */
  seconds(count: number): Promise<void>;
  /** Lets time go on until it holds; gives the pod. */
  until(name: string, what: string, condition: (pod: Pod) => boolean): Promise<Pod>;
  untilGone(name: string): Promise<void>;
  /** `Warning Failed: ...` of the kubelet, each once. */
  events(name: string): Promise<string[]>;
}

export const container = (name: string, more: Partial<Container> = {}): Container => ({
  ...{ name, image: 'nginx', imagePullPolicy: 'IfNotPresent' },
  ...more,
});

/** Milliseconds that a container needs to end by itself. */
const soon = 100;

/** Programs by their container's name: the exit codes of one run after the other, the last one again and again; `runs`: it goes on. */
export const programsBy =
  (ends: Readonly<Record<string, readonly (number | 'runs')[]>>): FakePrograms =>
  ({ metadata }) => {
    const all = ends[metadata.name] ?? ['runs'];
    const end = all[Math.min(metadata.attempt, all.length - 1)];
    return typeof end === 'number' ? { runMilliseconds: soon, exitCode: end } : {};
  };

/** `web running #0 ready, side terminated Error 1 #2`, with the phase before them. */
export function summary({ status }: Pod): string {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const texts = all.map(({ name, state, restartCount, ready }) => {
    const { terminated, waiting } = state ?? {};
    const what = terminated ? `${terminated.reason} ${terminated.exitCode}` : (waiting?.reason ?? 'running');
    return `${name} ${what} #${restartCount}${ready ? ' ready' : ''}`;
  });
  return `${status?.phase}: ${texts.join(', ')}`;
}

/** Steps of the disk, one after the other, that a look at a pod takes at most. */
const diskSteps = 20;

/** Starts the node's agent; what it gives is stopped before its folder is removed. */
async function startAgent(
  t: TestContext,
  world: TestWorld,
  options: { programs: FakePrograms; pods: AgentWorld['pods'] },
): Promise<FakeRuntime> {
  const { client, clock } = world;
  const { programs, pods } = options;
  const random = seededRandom(7);
  const stopping = new AbortController();
  let done: Promise<void> | undefined;
  // Hooks run in the order in which they were given: whoever writes into the node's folder is gone before it is.
  t.after(async () => {
    stopping.abort();
    await done;
    await world.close();
  });
  const runtime = createFakeRuntime({ clock, random, images: [testImage], programs });
  const node = await startTestNode(t);
  const tell = world.recorder.from({ component: 'kubelet', host: identity.name });
  const record: RecordPodEvent = (pod, event) => tell(podEventText(pod, event));
  const tools = {
    ...{ ...node.tools, runtime, clock, record },
    puller: new ImagePuller({ images: runtime.images, clock, record }),
    hooks: new HookRunner({ runtime, clock, request: async () => {} }),
    runtimeHandler: async (name: string) => (await client.of('RuntimeClass').get({ name })).handler,
  };
  const network = { http: async () => pods.answer, tcp: async () => {}, grpcHealth: async () => 'SERVING' };
  done = runAgent({ client, clock, random, log: silentLogger, identity, tools, network }, stopping.signal);
  return runtime;
}

type Timing = Pick<AgentWorld, 'seconds' | 'until' | 'untilGone'>;
const secondsMax = 600;

function timingOf({ clock, settle }: TestWorld, find: AgentWorld['find']): Timing {
  // The disk takes no time of this clock: whoever waits for it comes before the next second.
  const quiet = async () => {
    for (let step = 0; step < diskSteps; step++) await lstat(os.tmpdir());
    await settle();
  };
  const wait = async <Found>(what: string, look: () => Promise<Found | undefined>): Promise<Found> => {
    for (let second = 0; second < secondsMax; second++) {
      await quiet();
      const found = await look();
      if (found !== undefined) return found;
      clock.advance(1000);
    }
    throw new Error(`not in ${secondsMax} s: ${what}`);
  };
  return {
    seconds: async (count) => {
      for (let second = 0; second < count; second++) {
        await quiet();
        clock.advance(1000);
      }
      await quiet();
    },
    until: (name, what, condition) =>
      wait(`${name} ${what}`, async () => {
        const found = await find(name);
        return found !== undefined && condition(found) ? found : undefined;
      }),
    untilGone: async (name) => {
      await wait(`${name} is gone`, async () => ((await find(name)) === undefined ? true : undefined));
    },
  };
}

export async function startAgentWorld(
  t: TestContext,
  programs: FakePrograms = () => ({}),
): Promise<AgentWorld> {
  const world = await startTestWorld();
  const pods: AgentWorld['pods'] = { answer: { status: 200 } };
  const runtime = await startAgent(t, world, { programs, pods });
  const namespace = 'default';
  const of = world.client.of('Pod');
  const pod: AgentWorld['pod'] = (name) => of.get({ namespace, name });
  const find: AgentWorld['find'] = (name) =>
    pod(name).catch((failure) => {
      if (failure instanceof StatusError && failure.httpCode === 404) return undefined;
      throw failure;
    });
  return {
    ...{ ...world, pods, runtime, find, pod },
    ...timingOf(world, find),
    create: (name, spec = {}, metadata = {}) =>
      of.create({
        metadata: { name, namespace, ...metadata },
        spec: {
          containers: [container('web')],
          nodeName: identity.name,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 1,
          ...spec,
        },
      }),
    patch: (name, patch, subresource) =>
      of.patch({ namespace, name }, { type: 'strategic', patch, ...(subresource && { subresource }) }),
    delete: async (name, gracePeriodSeconds) => {
      const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
      await of.delete({ namespace, name }, grace);
    },
    events: async (name) =>
      (await world.client.of('Event').list({ namespace })).items
        .filter(({ involvedObject }) => involvedObject.name === name)
        .map(({ type, reason, message }) => `${type} ${reason}: ${message}`),
  };
}
