/** Eviction: a delete that asks the PodDisruptionBudgets first. Source: pkg/registry/core/pod/storage/eviction.go; KEP-85. */
import type { Condition, Eviction, Pod, PodDisruptionBudget } from '../../../kinds/generated/types.ts';
import { selectorMatches } from '../../../kinds/label-selector.ts';
import type { AnyObject } from '../../../kinds/object.ts';
import {
  badRequestError,
  conflictError,
  forbiddenError,
  noRouteError,
  StatusError,
  staleObject,
} from '../../../kinds/status.ts';
import { admitNew } from '../../admission.ts';
import { parseCached } from '../../cache/cached-object.ts';
import type { ResourceRequest } from '../../context.ts';
import { objectKey } from '../../keys.ts';
import type { ApiResponse } from '../../request.ts';
import { readObject } from '../body.ts';
import { deleteObject } from '../delete.ts';
import type { DeleteOptions, Propagation } from '../delete-options.ts';
import { writeAttemptsMax } from '../limits.ts';
import { timestamp } from '../prepare.ts';
import { readCurrent } from '../read.ts';
import { respondJson } from '../respond.ts';
import { changeObject } from '../update.ts';
import { parseWriteOptions, type WriteOptions } from '../write-options.ts';
import { markTarget } from './disruption-target.ts';

const budgets = { group: 'policy', plural: 'poddisruptionbudgets' };

/** Pods that the budget's controller has been told of and not yet seen gone. Upstream: 2000. */
const disruptedPodsMax = 2000;

function budgetsOver(request: ResourceRequest, pod: Pod): PodDisruptionBudget[] {
  const all = request.backend.cache.list(budgets, request.info.namespace) as unknown as PodDisruptionBudget[];
  return all.filter((budget) => {
    const { selector } = budget.spec ?? {};
    return selector !== undefined && selectorMatches(selector, pod.metadata.labels ?? {});
  });
}

/** A pod that has finished or not started, or is going anyway, is no disruption. */
function needsNoBudget(pod: Pod): boolean {
  const phase = pod.status?.phase ?? '';
  return (
    phase === 'Succeeded' ||
    phase === 'Failed' ||
    phase === 'Pending' ||
    pod.metadata.deletionTimestamp !== undefined
  );
}

const violation = "Cannot evict pod as it would violate the pod's disruption budget.";

function tooMany(message: string, retryAfterSeconds?: number): StatusError {
  return new StatusError(429, 'TooManyRequests', violation, {
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    causes: [{ reason: 'DisruptionBudget', message }],
  });
}

const stillProcessed = (name: string): StatusError =>
  tooMany(`The disruption budget ${name} is still being processed by the server.`, 10);

/** Why the budget does not give up another pod. Throws 403, 429. */
function refuseUnlessAllowed({ metadata, status = {} }: PodDisruptionBudget): void {
  const { name = '', generation = 0 } = metadata;
  const { observedGeneration = 0, disruptionsAllowed = 0, desiredHealthy = 0, currentHealthy = 0 } = status;
  const forbidden = (why: string) => forbiddenError({ ...budgets, plural: 'poddisruptionbudget' }, name, why);
  if (observedGeneration < generation) throw stillProcessed(name);
  if (disruptionsAllowed < 0) throw forbidden('pdb disruptions allowed is negative');
  if (Object.keys(status.disruptedPods ?? {}).length > disruptedPodsMax)
    throw forbidden('DisruptedPods map too big - too many evictions not confirmed by PDB controller');
  if (disruptionsAllowed === 0)
    throw tooMany(
      `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    );
}

/** The last disruption is spent: the condition says so at once, before the budget's controller does. */
function markExhausted(conditions: readonly Condition[], now: string, generation?: number): Condition[] {
  const type = 'DisruptionAllowed';
  const before = conditions.find((condition) => condition.type === type);
  const exhausted: Condition = {
    type,
    status: 'False',
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    lastTransitionTime: before?.status === 'False' ? before.lastTransitionTime : now,
    reason: 'InsufficientPods',
    message: '',
  };
  return before === undefined
    ? [...conditions, exhausted]
    : conditions.map((condition) => (condition === before ? exhausted : condition));
}

/** Takes one disruption from the budget's status, in a compare-and-set. Throws 403, 429. */
async function spend(
  request: ResourceRequest,
  budget: PodDisruptionBudget,
  options: WriteOptions,
): Promise<void> {
  const { backend, info } = request;
  const kind = backend.kinds.byResource('policy', 'v1', 'poddisruptionbudgets');
  if (kind === undefined) throw noRouteError();
  const change = (old: AnyObject) => {
    const now = structuredClone(old) as unknown as PodDisruptionBudget;
    refuseUnlessAllowed(now);
    const status = now.status as NonNullable<PodDisruptionBudget['status']>;
    const time = timestamp(backend);
    status.disruptionsAllowed = (status.disruptionsAllowed ?? 0) - 1;
    if (status.disruptionsAllowed === 0)
      status.conditions = markExhausted(status.conditions ?? [], time, status.observedGeneration);
    status.disruptedPods = { ...status.disruptedPods, [info.name]: time };
    return now as unknown as AnyObject;
  };
  const name = budget.metadata.name ?? '';
  const onBudget: ResourceRequest = {
    ...request,
    kind,
    stored: kind,
    info: { ...info, group: 'policy', resource: 'poddisruptionbudgets', name, subresource: 'status' },
  };
  await changeObject(onBudget, change, { ...options, target: 'status', derived: true });
}

/**
 * A pod that is not ready does not count as healthy, so its going takes nothing from the budget (KEP-3017): always with
 * AlwaysAllow, otherwise while the application has all the healthy pods it wants.
 */
function isFree(pod: Pod, { spec, status = {} }: PodDisruptionBudget): boolean {
  const conditions = pod.status?.conditions ?? [];
  if (conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True')) return false;
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status;
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function deleteOptionsOf(eviction: Eviction, write: WriteOptions): DeleteOptions {
  const sent = eviction.deleteOptions;
  return {
    dryRun: write.dryRun || (sent?.dryRun ?? []).length > 0,
    gracePeriodSeconds: sent?.gracePeriodSeconds,
    propagationPolicy: sent?.propagationPolicy as Propagation | undefined,
    uid: sent?.preconditions?.uid,
    resourceVersion: sent?.preconditions?.resourceVersion,
    tellsAccepted: false,
  };
}

/** What may be done with the pod: deleted, or deleted as long as it stays as it is; and what is to be done if it does not. */
type Permission =
  | { readonly holds: 'always' }
  | { readonly holds: 'while unchanged'; readonly ifChanged: 'ask again' | StatusError };

/** Asks the budget over the pod, if there is one. Throws 403, 429, 500. */
async function askBudget(request: ResourceRequest, pod: Pod, write: WriteOptions): Promise<Permission> {
  // One that has not started may do so meanwhile, and then there is a budget to be asked.
  const mayStart = pod.status?.phase === 'Pending' && pod.metadata.deletionTimestamp === undefined;
  if (mayStart) return { holds: 'while unchanged', ifChanged: 'ask again' };
  if (needsNoBudget(pod)) return { holds: 'always' };
  const [budget, ...more] = budgetsOver(request, pod);
  if (more.length > 0)
    throw new StatusError(
      500,
      '',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  if (budget === undefined) return { holds: 'always' };
  // It might become ready meanwhile, and then it would cost something.
  if (isFree(pod, budget))
    return { holds: 'while unchanged', ifChanged: stillProcessed(budget.metadata.name ?? '') };
  await spend(request, budget, write);
  return { holds: 'always' };
}

/** True when the pod is deleted or marked; false when it has changed, and the budget is to be asked again. */
async function deleteAsAllowed(
  request: ResourceRequest,
  pod: Pod,
  { options, permission, write }: { options: DeleteOptions; permission: Permission; write: WriteOptions },
): Promise<boolean> {
  const { backend, info, stored } = request;
  const key = objectKey(stored, info.namespace, info.name);
  const find = () => backend.cache.collection(stored).get(key);
  const remove = async (asked: DeleteOptions) =>
    deleteObject(request, find, await markTarget(request, asked, write));
  if (permission.holds === 'always' || options.resourceVersion !== undefined) {
    await remove(options);
    return true;
  }
  const { uid, resourceVersion } = pod.metadata;
  // Another pod of its name is not the one that was looked at.
  const unchanged = { ...options, uid: options.uid ?? uid, resourceVersion };
  try {
    await remove(unchanged);
    return true;
  } catch (error) {
    if (!(error instanceof StatusError && error.reason === 'Conflict')) throw error;
    if (permission.ifChanged !== 'ask again') throw permission.ifChanged;
    if (options.uid !== undefined && options.uid !== uid) throw error;
    return false;
  }
}

export async function evict(request: ResourceRequest): Promise<ApiResponse> {
  const { backend, info, kind } = request;
  const write = parseWriteOptions(request);
  const evictionKind = backend.kinds.byResource('policy', 'v1', 'evictions') ?? evictionShape(request);
  const body = await readObject(request, evictionKind, write.fieldValidation);
  const eviction = body as unknown as Eviction;
  if (eviction.metadata.name !== info.name)
    throw badRequestError('name in URL does not match name in Eviction object');
  await readCurrent(request);
  admitNew(request, body);
  const options = deleteOptionsOf(eviction, write);
  for (let attempt = 0; attempt < writeAttemptsMax; attempt++) {
    const pod = parseCached(await readCurrent(request)) as unknown as Pod;
    const permission = await askBudget(request, pod, { ...write, dryRun: options.dryRun });
    if (await deleteAsAllowed(request, pod, { options, permission, write })) return evicted(request);
  }
  throw conflictError(kind, info.name, staleObject);
}

function evicted(request: ResourceRequest): ApiResponse {
  return respondJson(request, 201, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    code: 201,
  });
}

/** Eviction is no resource of its own: it has a shape and no place. Clients before v1.22 send it as v1beta1. */
function evictionShape(request: ResourceRequest) {
  return {
    ...request.stored,
    group: 'policy',
    version: 'v1',
    acceptedVersions: ['v1beta1'],
    kind: 'Eviction',
    schema: 'Eviction',
    defaults: undefined,
  };
}
