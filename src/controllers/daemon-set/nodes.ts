/** On which nodes a DaemonSet's pods run. Source of behaviour: NodeShouldRunDaemonPod of Kubernetes. */
import type { DaemonSet, Node, PodSpec, Toleration } from '../../kinds/generated/types.ts';
import { requiredNodeMatch } from '../../kinds/pod/node-selector.ts';
import { isTolerated, keepsAway } from '../../kinds/pod/taints.ts';

const condition = (name: string, effect: string): Toleration => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  effect,
});

/** A daemon stays on a node that is in trouble, and comes to one: it may be what mends it. */
const daemonTolerations: readonly Toleration[] = [
  condition('not-ready', 'NoExecute'),
  condition('unreachable', 'NoExecute'),
  condition('disk-pressure', 'NoSchedule'),
  condition('memory-pressure', 'NoSchedule'),
  condition('pid-pressure', 'NoSchedule'),
  condition('unschedulable', 'NoSchedule'),
];

const hostNetworkToleration = condition('network-unavailable', 'NoSchedule');

const isSameTaint = (left: Toleration, right: Toleration): boolean =>
  left.key === right.key &&
  left.effect === right.effect &&
  left.operator === right.operator &&
  (left.value ?? '') === (right.value ?? '');

/** The template's, and those that every daemon has; one for the same taint gives way, as its seconds are too few. */
export function tolerationsOf(spec: PodSpec | undefined): Toleration[] {
  const own = spec?.tolerations ?? [];
  const added =
    spec?.hostNetwork === true ? [...daemonTolerations, hostNetworkToleration] : daemonTolerations;
  const replaced = own.map((each) => added.find((toleration) => isSameTaint(toleration, each)) ?? each);
  return [...replaced, ...added.filter((toleration) => !replaced.includes(toleration))];
}

export interface Verdict {
  /** A pod is made there. */
  readonly shouldRun: boolean;
  /** A pod that is there stays. */
  readonly shouldStay: boolean;
}

const yes: Verdict = { shouldRun: true, shouldStay: true };
const no: Verdict = { shouldRun: false, shouldStay: false };
const onlyStay: Verdict = { shouldRun: false, shouldStay: true };

/** What can be known of the set is looked at once, since it is asked for every node. */
export function verdictOf(set: DaemonSet): (node: Node) => Verdict {
  const spec = set.spec?.template.spec;
  const nodeName = spec?.nodeName ?? '';
  const match = requiredNodeMatch({ metadata: {}, ...(spec === undefined ? {} : { spec }) });
  const tolerations = tolerationsOf(spec);
  return ({ metadata, spec: nodeSpec }) => {
    const { name = '', labels = {} } = metadata;
    if (nodeName !== '' && nodeName !== name) return no;
    if (match?.({ name, labels }) === false) return no;
    const taints = nodeSpec?.taints ?? [];
    const untolerated = taints.filter((taint) => keepsAway(taint) && !isTolerated(taint, tolerations));
    if (untolerated.length === 0) return yes;
    return untolerated.some(({ effect }) => effect === 'NoExecute') ? no : onlyStay;
  };
}
