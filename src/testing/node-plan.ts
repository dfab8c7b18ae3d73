/** What a simulated node does about its own Node, as a pure plan. */
import { type Change, create, type EventText, requeueAfter, update, updateStatus } from '../client/change.ts';
import type { Node } from '../kinds/generated/types.ts';
import { statusReportMilliseconds } from './limits.ts';
import { nodeEvents } from './node-events.ts';
import { type NodeIdentity, type NodeShape, nodeConditions, nodeObject } from './node-objects.ts';

/** What the process knows of a node. */
export interface NodeRun {
  readonly identity: NodeIdentity;
  /** In [0, 1): where in the interval its status reports stand, so that nodes do not all report at once. */
  readonly phase: number;
  isUp: boolean;
  /** Of the Node while it is there. */
  uid: string | undefined;
  /** A node registers when it starts; when its Node is deleted later it does not, as kubelet. */
  mustRegister: boolean;
  /** When it last told its status. */
  reportedAt: number | undefined;
  /** As its Node said last. */
  unschedulable: boolean;
}

export interface NodePlan {
  readonly run: Pick<NodeRun, 'uid' | 'mustRegister' | 'reportedAt'> &
    Partial<Pick<NodeRun, 'unschedulable'>>;
  readonly changes: Change[];
  readonly events?: readonly EventText[];
}

const notReadyTaint = 'node.kubernetes.io/not-ready';

interface PlanOptions {
  readonly now: number;
  readonly shape: NodeShape;
  readonly removeNotReadyTaint: boolean;
}

export function planNode(object: Node | undefined, run: NodeRun, options: PlanOptions): NodePlan {
  const { now, shape } = options;
  if (object === undefined) {
    const changes = run.mustRegister
      ? [create('Node', nodeObject(run.identity, shape, now), { existsIsFine: true })]
      : [];
    return { run: { uid: undefined, mustRegister: run.mustRegister, reportedAt: undefined }, changes };
  }
  const unschedulable = object.spec?.unschedulable === true;
  const events = nodeEvents({
    name: run.identity.name,
    started: run.mustRegister,
    becameReady: run.mustRegister || !isReady(object),
    ...(unschedulable === run.unschedulable ? {} : { unschedulable }),
  });
  const plan = planSeen(object, run, options);
  return { ...plan, run: { ...plan.run, unschedulable }, ...(events.length === 0 ? {} : { events }) };
}

function planSeen(object: Node, run: NodeRun, { now, removeNotReadyTaint }: PlanOptions): NodePlan {
  const taints = object.spec?.taints ?? [];
  if (removeNotReadyTaint && isReady(object) && taints.some(({ key }) => key === notReadyTaint)) {
    const spec = { ...object.spec, taints: taints.filter(({ key }) => key !== notReadyTaint) };
    return {
      run: { uid: run.uid, mustRegister: false, reportedAt: run.reportedAt },
      changes: [update('Node', { ...object, spec })],
    };
  }
  return planReport(object, { ...run, uid: object.metadata.uid, mustRegister: false }, now);
}

const isReady = (node: Node): boolean =>
  node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** Every five minutes, and at once when somebody says that the node is not well. */
function planReport(object: Node, { uid, mustRegister, reportedAt, phase }: NodeRun, now: number): NodePlan {
  const dueAt =
    reportedAt === undefined
      ? heartbeatOf(object) + statusReportMilliseconds * (1 - phase / 2)
      : reportedAt + statusReportMilliseconds;
  if (isReady(object) && now < dueAt)
    return { run: { uid, mustRegister, reportedAt }, changes: [requeueAfter(dueAt - now)] };
  const conditions = nodeConditions(object.status?.conditions, now);
  return {
    run: { uid, mustRegister, reportedAt: now },
    changes: [
      updateStatus('Node', { ...object, status: { ...object.status, conditions } }),
      requeueAfter(statusReportMilliseconds),
    ],
  };
}

/** What others have told the API counts as a report: one of a node that comes back may be long ago. */
function heartbeatOf(object: Node): number {
  const text = object.status?.conditions?.find(({ type }) => type === 'Ready')?.lastHeartbeatTime;
  return text === undefined ? 0 : Date.parse(text);
}
