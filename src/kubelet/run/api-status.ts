/** The status that the server has, the one that the agent has, and the patch from one to the other. */
import type { Pod, PodStatus } from '../../kinds/generated/types.ts';

/** What the agent alone writes, in a pod's status. */
const ownFields = [
  'observedGeneration',
  'phase',
  'reason',
  'message',
  'startTime',
  'hostIP',
  'hostIPs',
  'podIP',
  'podIPs',
  'qosClass',
  'initContainerStatuses',
  'containerStatuses',
  'ephemeralContainerStatuses',
] as const satisfies readonly (keyof PodStatus)[];

const ownConditions = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
];

/** Others write that condition too: what they say is not ours to repeat. */
const isOwnDisruption = ({ type, reason }: { type: string; reason?: string }): boolean =>
  type === 'DisruptionTarget' && reason === 'TerminationByKubelet';

const isOwn = ({ type }: { type: string }): boolean => ownConditions.includes(type);

/** The pod as the server has it, with what the agent last made of it: the server's copy may lag behind. */
export function withOwnStatus(pod: Pod, own: PodStatus | undefined): Pod {
  if (own === undefined) return pod;
  const fields = Object.fromEntries(ownFields.map((field) => [field, own[field]]));
  const others = (pod.status?.conditions ?? []).filter((condition) => !isOwn(condition));
  const conditions = [...others, ...(own.conditions ?? []).filter(isOwn)];
  return { ...pod, status: { ...pod.status, ...fields, conditions } };
}

/** As the server keeps it: no empty lists and objects, keys in order. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, inner]): [string, unknown] => [key, canonical(inner)])
    .filter(([, inner]) => inner !== undefined && inner !== null && JSON.stringify(inner) !== '{}');
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}

const ownPart = (status: PodStatus = {}): unknown =>
  canonical({
    ...Object.fromEntries(ownFields.map((field) => [field, status[field]])),
    conditions: (status.conditions ?? [])
      .filter(isOwn)
      .sort((left, right) => (left.type < right.type ? -1 : 1)),
  });

export function isWritten(pod: Pod, status: PodStatus): boolean {
  return JSON.stringify(ownPart(pod.status)) === JSON.stringify(ownPart(status));
}

/**
 * For a strategic merge: conditions by their type, so that those of others stay; lists of addresses replaced whole; what
 * is not there any more removed. For this pod only, not for one of the same name that came after it.
 */
export function statusPatch(pod: Pod, status: PodStatus): object {
  const replaced = <T>(list: readonly T[] | undefined) =>
    list === undefined ? null : [...list, { $patch: 'replace' }];
  const fields = Object.fromEntries(ownFields.map((field) => [field, status[field] ?? null]));
  return {
    metadata: { uid: pod.metadata.uid },
    status: {
      ...fields,
      podIPs: replaced(status.podIPs),
      hostIPs: replaced(status.hostIPs),
      // A merge keeps what it is not told to drop.
      conditions: (status.conditions ?? [])
        .filter((condition) => isOwn(condition) || isOwnDisruption(condition))
        .map((condition) => ({ reason: null, message: null, ...condition })),
    },
  };
}
