/** A pod as the scheduler looks at it: what every plugin would work out again is worked out once. */
import type { Pod, PodAffinityTerm, Toleration, WeightedPodAffinityTerm } from '../kinds/generated/types.ts';
import { type AffinityTerm, affinityTerm, type WeightedTerm } from './affinity-term.ts';
import { type Labels, noLabels } from './label-match.ts';
import { nonZeroRequests, podRequests, type Resources } from './resources.ts';

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export interface PodTerms {
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferred: readonly WeightedTerm[];
}

export interface PodView {
  readonly pod: Pod;
  /** `namespace/name` */
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly priority: number;
  readonly isTerminating: boolean;
  readonly tolerations: readonly Toleration[];
  readonly requests: Resources;
  readonly nonZero: { readonly milliCPU: number; readonly memory: number };
  readonly hostPorts: readonly HostPort[];
  readonly terms: PodTerms;
}

const noTerms: PodTerms = { requiredAffinity: [], requiredAntiAffinity: [], preferred: [] };

function termsOf(pod: Pod, namespace: string): PodTerms {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  if (podAffinity === undefined && podAntiAffinity === undefined) return noTerms;
  const required = (terms: readonly PodAffinityTerm[] = []) =>
    terms.map((term) => affinityTerm(term, namespace));
  const preferred = (terms: readonly WeightedPodAffinityTerm[] = [], sign: 1 | -1) =>
    terms.map(({ podAffinityTerm, weight }) => ({
      term: affinityTerm(podAffinityTerm, namespace),
      weight: sign * weight,
    }));
  return {
    requiredAffinity: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferred: [
      ...preferred(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, 1),
      ...preferred(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution, -1),
    ],
  };
}

/** Also those of init containers that keep running. */
function hostPortsOf(pod: Pod): HostPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...(pod.spec?.containers ?? []), ...sidecars].flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort = 0 }) => hostPort > 0)
      .map(({ hostIP = '', hostPort = 0, protocol = '' }) => ({
        ip: hostIP === '' ? '0.0.0.0' : hostIP,
        protocol: protocol === '' ? 'TCP' : protocol,
        port: hostPort,
      })),
  );
}

export function viewPod(pod: Pod): PodView {
  const { namespace = '', name = '', uid = '' } = pod.metadata;
  const spec = pod.spec ?? { containers: [] };
  return {
    pod,
    key: `${namespace}/${name}`,
    uid,
    namespace,
    name,
    labels: pod.metadata.labels ?? noLabels,
    priority: spec.priority ?? 0,
    isTerminating: pod.metadata.deletionTimestamp !== undefined,
    tolerations: spec.tolerations ?? [],
    requests: podRequests(spec),
    nonZero: nonZeroRequests(spec),
    hostPorts: hostPortsOf(pod),
    terms: termsOf(pod, namespace),
  };
}

/** Done for good: it no longer counts on its node. */
export const isFinished = (pod: Pod): boolean =>
  pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
