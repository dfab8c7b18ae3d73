/** A pod's whole status, from what the runtime has. Source: generateAPIPodStatus of kubelet/kubelet_pods.go. */
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../../kinds/generated/types.ts';
import { podConditions } from '../../kinds/pod/conditions.ts';
import { qosClass } from '../../kinds/pod/qos.ts';
import { timestamp } from '../../lib/timestamp.ts';
import {
  appContainersOf,
  ephemeralContainersOf,
  initContainersOf,
  isHostNetwork,
  type PodContainer,
} from '../containers.ts';
import { isTerminal } from '../end.ts';
import { addressesOf, type ObservedPod } from '../observed.ts';
import { checkSandbox } from '../plan-sandbox.ts';
import type { ProbeResults } from '../plan-types.ts';
import { containerStatuses, type StartFailure } from './container-status.ts';
import { finalStates } from './final-states.ts';
import { type Phase, podPhase } from './phase.ts';
import { withReadiness } from './readiness.ts';

export interface PodFacts {
  readonly observed: ObservedPod;
  readonly probes: ProbeResults;
  readonly startFailures: ReadonlyMap<string, StartFailure>;
  /** The node's addresses, the primary one first. */
  readonly hostIPs: readonly string[];
  /** `ending`: nothing is started any more. `ended`: nothing runs any more. */
  readonly progress: 'running' | 'ending' | 'ended';
  /** Why the pod fails whatever its containers did: a deadline, an eviction. */
  readonly failure?: { readonly reason: string; readonly message: string };
  readonly now: number;
}

const byName = (left: ContainerStatus, right: ContainerStatus): number =>
  left.name < right.name ? -1 : left.name > right.name ? 1 : 0;

/** Never out of a final phase; into one only when nothing runs any more, since others may replace the pod then. */
function finalPhase(pod: Pod, phase: Phase, { progress, failure, observed }: PodFacts): Phase {
  const old = pod.status?.phase;
  if (isTerminal(old)) return old as Phase;
  if (progress === 'ended') return failure === undefined && isTerminal(phase) ? phase : 'Failed';
  const runs = failure !== undefined || observed.containers.some(({ state }) => state === 'Running');
  return runs && isTerminal(phase) ? ((old as Phase | undefined) ?? 'Pending') : phase;
}

/** `pod` has the status that was written last; conditions of others in it are kept. */
export function podStatus(pod: Pod, facts: PodFacts): PodStatus {
  const old = pod.status ?? {};
  const statusesOf = (containers: readonly PodContainer[], before: readonly ContainerStatus[] = []) => {
    const { observed, startFailures } = facts;
    const statuses = containerStatuses(pod, containers, { observed, startFailures, old: before });
    return withReadiness(containers, statuses, facts.probes);
  };
  const seen = {
    init: statusesOf(initContainersOf(pod), old.initContainerStatuses),
    app: statusesOf(appContainersOf(pod), old.containerStatuses),
  };
  const ephemeral = statusesOf(ephemeralContainersOf(pod), old.ephemeralContainerStatuses);
  const phase = finalPhase(pod, podPhase(pod, seen, facts.progress === 'ended'), facts);
  const { init, app } = facts.progress === 'ended' ? finalStates(pod, seen) : seen;
  const { generation } = pod.metadata;
  const reason = isTerminal(phase) ? (facts.failure?.reason ?? old.reason) : undefined;
  const message = isTerminal(phase) ? (facts.failure?.message ?? old.message) : undefined;
  return {
    ...withoutOwn(old),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    startTime: old.startTime ?? timestamp(facts.now),
    ...addresses(pod, facts),
    qosClass: old.qosClass ?? qosClass(pod.spec ?? { containers: [] }),
    conditions: withDisruption(
      podConditions(pod, {
        ...{ phase, init, app, now: facts.now },
        hasSandbox: checkSandbox(pod, facts.observed).keep,
      }),
      facts,
    ),
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: [...app].sort(byName),
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral.sort(byName) }),
  };
}

/** Reasons for which the agent ends pods that could have gone on. Source: podmanager, eviction and nodeshutdown of kubelet. */
const disruptions = ['Evicted', 'Terminated'];

function withDisruption(conditions: PodCondition[], { failure, now }: PodFacts): PodCondition[] {
  if (failure === undefined || !disruptions.includes(failure.reason)) return conditions;
  const others = conditions.filter(({ type }) => type !== 'DisruptionTarget');
  const before = conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  return [
    ...others,
    {
      ...{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' },
      message: failure.message,
      lastTransitionTime: before?.lastTransitionTime ?? timestamp(now),
    },
  ];
}

/** What others keep in the status: resize, nominatedNodeName, resource claims. */
function withoutOwn(old: PodStatus): PodStatus {
  const {
    reason: _reason,
    message: _message,
    podIP: _podIP,
    podIPs: _podIPs,
    hostIP: _hostIP,
    hostIPs: _hostIPs,
    initContainerStatuses: _init,
    containerStatuses: _app,
    ephemeralContainerStatuses: _ephemeral,
    ...others
  } = old;
  return others;
}

function addresses(pod: Pod, { observed, hostIPs }: PodFacts): Partial<PodStatus> {
  const [hostIP] = hostIPs;
  const own = isHostNetwork(pod) ? hostIPs : addressesOf(observed);
  // A pod whose sandbox has ended is still shown with the address it had. Source: getPodIPs of kubelet/pleg.
  const kept = (pod.status?.podIPs ?? []).map(({ ip }) => ip);
  const ips = own.length > 0 ? own : kept;
  return {
    ...(hostIP === undefined ? {} : { hostIP, hostIPs: hostIPs.map((ip) => ({ ip })) }),
    ...(ips[0] === undefined ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
  };
}
