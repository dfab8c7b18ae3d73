/** Which pods the selector finds, and whether they are ready. */
import type { ContainerStatus, Pod } from '../../kinds/generated/types.ts';
import { selectorMatches } from '../../kinds/label-selector.ts';
import { getOwn } from '../../kinds/object.ts';
import { similarNames } from '../similar-names.ts';
import {
  type ExplainCase,
  isFinished,
  isReadyNode,
  isReadyPod,
  isTerminating,
  podCondition,
} from './case.ts';
import {
  type Check,
  counted,
  type FindingReason,
  isOrAre,
  listed,
  ok,
  skipped,
  warning,
  wrong,
} from './check.ts';
import type { Workload } from './facts.ts';

type Labels = Readonly<Record<string, string>>;

const labelsText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

/** Pods that may still serve. */
export const livingPods = ({ matching }: ExplainCase): Pod[] => matching.filter((pod) => !isFinished(pod));

const workloadText = ({ kind, name }: Workload): string => `${kind} ${name}`;
const workloadArgument = ({ kind, name }: Workload): string => `${kind.toLowerCase()}/${name}`;

/** The workload would make such pods; why it has none. */
function idleWorkload(selector: Labels, workloads: readonly Workload[]): Check | undefined {
  const fitting = workloads.filter(({ labels }) => selectorMatches({ matchLabels: selector }, labels));
  // A Deployment says more than its ReplicaSets.
  const [workload] = [...fitting].sort(
    (one, other) => Number(one.kind === 'ReplicaSet') - Number(other.kind === 'ReplicaSet'),
  );
  if (workload === undefined) return undefined;
  const at = workloadText(workload);
  if (workload.replicas === 0)
    return wrong('pods', {
      reason: 'ScaledToZero',
      text: `${at}, which makes its pods, is scaled to 0`,
      remedy: `scale it up with "kubectl scale ${workloadArgument(workload)} --replicas=1"`,
    });
  if (workload.isPaused)
    return wrong('pods', {
      reason: 'DeploymentPaused',
      text: `${at}, which makes its pods, is paused and has made none`,
      remedy: `go on with "kubectl rollout resume ${workloadArgument(workload)}"`,
    });
  const [problem] = fitting.flatMap((each) => each.problem ?? []);
  return wrong('pods', {
    reason: 'PodsNotCreated',
    text: `${at} has made no pods yet${problem === undefined ? '' : ` (${problem})`}`,
    remedy: `look at it with "kubectl describe ${workloadArgument(workload)}"`,
  });
}

/** The pod's labels that the selector asks for with other values; undefined when that is more than it has. */
function nearMiss(selector: Labels, { metadata }: Pod): { same: number; other: string[] } {
  const labels = metadata.labels ?? {};
  const keys = Object.keys(selector);
  const other = keys.flatMap((key) => {
    const value = getOwn(labels, key);
    return value === undefined || value === selector[key] ? [] : [`${key}=${value}`];
  });
  return { same: keys.filter((key) => getOwn(labels, key) === selector[key]).length, other };
}

/** What pods there are that the selector almost finds. */
function almostText(selector: Labels, pods: readonly Pod[]): string {
  const living = pods.filter((pod) => !isFinished(pod) && !isTerminating(pod));
  const ranked = living
    .map((pod) => ({ pod, ...nearMiss(selector, pod) }))
    .filter(({ same, other }) => same > 0 || other.length > 0)
    .sort(
      (one, two) => two.same - one.same || closeness(selector, two.other) - closeness(selector, one.other),
    );
  const [best] = ranked;
  if (best === undefined)
    return living.length === 0
      ? 'there are no pods at all'
      : `${counted(living.length, 'pod')} there have other labels`;
  const { name } = best.pod.metadata;
  if (best.other.length > 0) return `pod ${name} has ${best.other.join(',')}`;
  const missing = Object.keys(selector).filter((key) => getOwn(best.pod.metadata.labels, key) === undefined);
  return `pod ${name} has no label ${missing.join(', ')}`;
}

/** How many of these labels look like a mistyped one. */
const closeness = (selector: Labels, labels: readonly string[]): number =>
  labels.filter(
    (label) => similarNames(label, [labelsText({ [keyOf(label)]: selector[keyOf(label)] ?? '' })]).length > 0,
  ).length;

const keyOf = (label: string): string => label.slice(0, label.indexOf('='));

function noPods(look: ExplainCase): Check {
  const { facts, service, matching } = look;
  const selector = service.spec?.selector ?? {};
  const text = labelsText(selector);
  const idle = idleWorkload(selector, facts.workloads);
  if (idle !== undefined) return idle;
  if (matching.length > 0)
    return wrong('pods', {
      reason: 'PodsFinished',
      text: `all pods with ${text} have finished (${listed(matching.map(({ metadata }) => metadata.name ?? ''))})`,
      remedy: 'select pods that go on running',
    });
  const [elsewhere] = facts.podsElsewhere;
  if (elsewhere !== undefined)
    return wrong('pods', {
      reason: 'PodsInOtherNamespace',
      text: `the pods with ${text} are in namespace ${elsewhere.namespace}, and a selector finds only those of its own`,
      remedy: `make the Service in namespace ${elsewhere.namespace}`,
    });
  return wrong('pods', {
    reason: 'NoMatchingPods',
    text: `no pod has the labels of its selector ${text}: ${almostText(selector, facts.pods)}`,
    remedy: "mend the selector or the pods' labels",
  });
}

export function podsCheck(look: ExplainCase): Check {
  if (look.shape === 'externalName') return skipped('pods', 'an ExternalName has no pods');
  if (!look.hasSelector)
    return skipped('pods', 'it has no selector: its endpoints are made by hand', 'NoSelector');
  const living = livingPods(look);
  if (living.length === 0) return noPods(look);
  const text = labelsText(look.service.spec?.selector ?? {});
  return ok('pods', `${counted(living.length, 'pod')} ${living.length === 1 ? 'has' : 'have'} ${text}`);
}

interface Cause {
  readonly reason: FindingReason;
  readonly text: string;
}

const waitingReasons: Readonly<Record<string, FindingReason>> = {
  ImagePullBackOff: 'ImageNotPulled',
  ErrImagePull: 'ImageNotPulled',
  InvalidImageName: 'ImageNotPulled',
  ErrImageNeverPull: 'ImageNotPulled',
  CrashLoopBackOff: 'ContainersCrash',
  RunContainerError: 'ContainersCrash',
  CreateContainerError: 'ContainersCrash',
  CreateContainerConfigError: 'ContainersCrash',
};

function containerCause({ name, state, image }: ContainerStatus): Cause | undefined {
  const { waiting, terminated } = state ?? {};
  if (waiting !== undefined) {
    const known = getOwn(waitingReasons, waiting.reason ?? '');
    const about = known === 'ImageNotPulled' ? `${name} (image ${image})` : name;
    return {
      reason: known ?? 'PodsStarting',
      text: `container ${about} waits: ${waiting.reason ?? 'starting'}`,
    };
  }
  if (terminated !== undefined && terminated.exitCode !== 0)
    return {
      reason: 'ContainersCrash',
      text: `container ${name} ended with exit code ${terminated.exitCode}`,
    };
  return undefined;
}

function notReadyCause(pod: Pod, look: ExplainCase): Cause {
  if (isTerminating(pod)) return { reason: 'PodsTerminating', text: 'it is being deleted' };
  const scheduled = podCondition(pod, 'PodScheduled');
  if (scheduled?.status === 'False')
    return { reason: 'PodsNotScheduled', text: `no node for it: ${scheduled.message ?? scheduled.reason}` };
  const node = look.facts.nodes.find(({ metadata }) => metadata.name === pod.spec?.nodeName);
  if (node !== undefined && !isReadyNode(node))
    return { reason: 'NodeNotReady', text: `its node ${pod.spec?.nodeName} is not ready` };
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const [cause] = statuses.flatMap((each) => containerCause(each) ?? []);
  if (cause !== undefined) return cause;
  const unready = (pod.status?.containerStatuses ?? []).filter(({ ready }) => ready === false);
  const probed = (pod.spec?.containers ?? []).filter(
    ({ name, readinessProbe }) =>
      readinessProbe !== undefined && unready.some((status) => status.name === name),
  );
  if (probed.length > 0)
    return {
      reason: 'ReadinessProbeFails',
      text: `the readinessProbe of container ${probed[0]?.name} fails`,
    };
  const gate = (pod.spec?.readinessGates ?? []).find(
    ({ conditionType }) => podCondition(pod, conditionType)?.status !== 'True',
  );
  if (gate !== undefined)
    return { reason: 'ReadinessGateOpen', text: `its readiness gate ${gate.conditionType} is not True` };
  if (pod.status?.phase === 'Pending') return { reason: 'PodsStarting', text: 'it is starting' };
  return {
    reason: 'PodsNotReady',
    text: podCondition(pod, 'Ready')?.message ?? 'its condition Ready is not True',
  };
}

const describe = (pod: Pod): string =>
  `"kubectl describe pod ${pod.metadata.name} -n ${pod.metadata.namespace}"`;

/** A headless Service has no proxy, but its DNS names only ready pods too. */
export function readinessCheck(look: ExplainCase): Check {
  const living = livingPods(look);
  if (living.length === 0) return skipped('readiness', 'there is no pod to look at');
  const unready = living.filter((pod) => !isReadyPod(pod));
  const ready = living.length - unready.length;
  const [first] = unready;
  if (first === undefined) return ok('readiness', `${counted(ready, 'pod')} ${isOrAre(ready)} ready`);
  const { reason, text } = notReadyCause(first, look);
  const about = `${first.metadata.name}: ${text}`;
  if (look.service.spec?.publishNotReadyAddresses === true)
    return warning('readiness', {
      reason: 'PublishedNotReady',
      text: `${ready} of ${counted(living.length, 'pod')} ${isOrAre(ready)} ready (${about}), but publishNotReadyAddresses takes them all`,
    });
  if (ready > 0)
    return warning('readiness', {
      reason: 'SomePodsNotReady',
      text: `${ready} of ${living.length} pods ${isOrAre(ready)} ready, the others get nothing (${about})`,
      remedy: `look at ${describe(first)}`,
    });
  if (look.resolutions.some(({ cluster }) => cluster.endpoints.length > 0))
    return warning('readiness', {
      reason,
      text: `none of ${counted(living.length, 'pod')} is ready (${about}), but some still serve`,
    });
  const none =
    living.length === 1 ? 'its only pod is not ready' : `none of its ${living.length} pods is ready`;
  return wrong('readiness', { reason, text: `${none} (${about})`, remedy: `look at ${describe(first)}` });
}
