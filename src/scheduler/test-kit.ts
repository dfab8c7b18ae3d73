/** Nodes and pods for tests, said in a few words. */
import type { Node, Pod, PodSpec, Taint } from '../kinds/generated/types.ts';
import { seededRandom } from '../lib/random.ts';
import { Nominator } from './nominator.ts';
import { type Cycle, type Lookups, noLookups } from './plugin.ts';
import { type PodView, viewPod } from './pod-view.ts';
import { makeProfile, type Profile } from './profile.ts';
import { type Decision, schedule } from './schedule.ts';
import { Snapshot } from './snapshot.ts';

type Labels = Record<string, string>;

export interface NodeWords {
  cpu?: string;
  memory?: string;
  pods?: string;
  extended?: Labels;
  labels?: Labels;
  taints?: Taint[];
  unschedulable?: boolean;
  images?: { names: string[]; sizeBytes: number }[];
}

export function makeNode(name: string, words: NodeWords = {}): Node {
  const { cpu = '4', memory = '8Gi', pods = '110', extended, labels, taints, unschedulable, images } = words;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: { ...(taints ? { taints } : {}), ...(unschedulable ? { unschedulable } : {}) },
    status: {
      allocatable: { cpu, memory, pods, 'ephemeral-storage': '10Gi', ...extended },
      ...(images ? { images } : {}),
    },
  };
}

export interface PodWords extends Partial<PodSpec> {
  namespace?: string;
  labels?: Labels;
  requests?: Labels;
  /** Another image than `app:1`. */
  image?: string;
  hostPort?: number;
  startTime?: string;
}

let created = 0;

export function makePod(name: string, words: PodWords = {}): Pod {
  const { namespace = 'default', labels, requests, image = 'app:1', hostPort, startTime, ...spec } = words;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, uid: `uid-${++created}`, generation: 1, ...(labels ? { labels } : {}) },
    spec: {
      schedulerName: 'default-scheduler',
      containers: [
        {
          name: 'app',
          image,
          ...(requests ? { resources: { requests } } : {}),
          ...(hostPort ? { ports: [{ containerPort: hostPort, hostPort, protocol: 'TCP' }] } : {}),
        },
      ],
      ...spec,
    },
    ...(startTime ? { status: { startTime } } : {}),
  };
}

export const viewOf = (name: string, words: PodWords = {}): PodView => viewPod(makePod(name, words));

/** Nodes, and the pods on each. */
export function snapshotOf(nodes: readonly Node[], pods: Record<string, readonly PodView[]> = {}): Snapshot {
  const snapshot = new Snapshot();
  for (const node of nodes) snapshot.setNode(node);
  for (const [nodeName, views] of Object.entries(pods))
    for (const view of views) snapshot.setPod(view, nodeName);
  return snapshot;
}

export const cycleOf = (snapshot: Snapshot, lookups: Partial<Lookups> = {}): Cycle => ({
  snapshot,
  lookups: { ...noLookups, ...lookups },
});

export function decide(
  pod: PodView,
  cycle: Cycle,
  options: { profile?: Partial<Profile>; nominator?: Nominator; seed?: number; startIndex?: number } = {},
): Decision {
  return schedule(pod, cycle, {
    profile: makeProfile(options.profile),
    nominator: options.nominator ?? new Nominator(),
    random: seededRandom(options.seed ?? 1),
    startIndex: options.startIndex ?? 0,
  });
}
