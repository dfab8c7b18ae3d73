/** Eviction: a delete that asks the PodDisruptionBudgets first. Source: pkg/registry/core/pod/storage/eviction.go; KEP-85. */
import type { Eviction, Pod, PodDisruptionBudget } from '../../../kinds/generated/types.ts';
import { selectorMatches } from '../../../kinds/label-selector.ts';
import type { AnyObject } from '../../../kinds/object.ts';
import { badRequestError, internalError, noRouteError, StatusError } from '../../../kinds/status.ts';
import { parseCached } from '../../cache/cached-object.ts';
import type { ResourceRequest } from '../../context.ts';
import { objectKey } from '../../keys.ts';
import type { ApiResponse } from '../../request.ts';
import { readObject } from '../body.ts';
import { deleteObject } from '../delete.ts';
import type { DeleteOptions, Propagation } from '../delete-options.ts';
import { timestamp } from '../prepare.ts';
import { readCurrent } from '../read.ts';
import { respondJson } from '../respond.ts';
import { changeObject } from '../update.ts';
import { parseWriteOptions, type WriteOptions } from '../write-options.ts';

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

function refusal(budget: PodDisruptionBudget): StatusError {
  const { status } = budget;
  const { name } = budget.metadata;
  const message = `The disruption budget ${name} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`;
  return new StatusError(
    429,
    'TooManyRequests',
    "Cannot evict pod as it would violate the pod's disruption budget.",
    {
      causes: [{ reason: 'DisruptionBudget', message }],
    },
  );
}

/** Takes one disruption from the budget's status, in a compare-and-set. Throws 429. */
async function spend(
  request: ResourceRequest,
  budget: PodDisruptionBudget,
  options: WriteOptions,
): Promise<void> {
  const { backend, info } = request;
  const kind = backend.kinds.byResource('policy', 'v1', 'poddisruptionbudgets');
  if (kind === undefined) throw noRouteError();
  const name = budget.metadata.name ?? '';
  const change = (old: AnyObject) => {
    const now = structuredClone(old) as unknown as PodDisruptionBudget;
    const { status } = now;
    if (status === undefined || (status.observedGeneration ?? 0) < (now.metadata.generation ?? 0))
      throw new StatusError(
        429,
        'TooManyRequests',
        "Cannot evict pod as it would violate the pod's disruption budget.",
        {
          retryAfterSeconds: 10,
          causes: [
            {
              reason: 'DisruptionBudget',
              message: `The disruption budget ${name} is still being processed by the server.`,
            },
          ],
        },
      );
    if ((status.disruptionsAllowed ?? 0) <= 0) throw refusal(now);
    const disrupted = status.disruptedPods ?? {};
    if (Object.keys(disrupted).length > disruptedPodsMax)
      throw new StatusError(
        403,
        'Forbidden',
        `DisruptedPods map too big - too many evictions not confirmed by PDB controller`,
      );
    status.disruptionsAllowed = (status.disruptionsAllowed ?? 0) - 1;
    status.disruptedPods = { ...disrupted, [info.name]: timestamp(backend) };
    return now as unknown as AnyObject;
  };
  const onBudget: ResourceRequest = {
    ...request,
    kind,
    stored: kind,
    info: { ...info, group: 'policy', resource: 'poddisruptionbudgets', name, subresource: 'status' },
  };
  await changeObject(onBudget, change, { ...options, target: 'status', derived: true });
}

export async function evict(request: ResourceRequest): Promise<ApiResponse> {
  const { backend, info, stored } = request;
  const write = parseWriteOptions(request);
  const evictionKind = backend.kinds.byResource('policy', 'v1', 'evictions') ?? evictionShape(request);
  const eviction = readObject(request, evictionKind, write.fieldValidation) as unknown as Eviction;
  const name = eviction.metadata.name ?? '';
  if (name !== '' && name !== info.name)
    throw badRequestError('name in URL does not match name in Eviction object');
  const pod = parseCached(await readCurrent(request)) as unknown as Pod;
  const sent = eviction.deleteOptions;
  const options: DeleteOptions = {
    dryRun: write.dryRun || (sent?.dryRun ?? []).length > 0,
    gracePeriodSeconds: sent?.gracePeriodSeconds,
    propagationPolicy: sent?.propagationPolicy as Propagation | undefined,
    uid: sent?.preconditions?.uid,
    resourceVersion: sent?.preconditions?.resourceVersion,
  };
  if (!needsNoBudget(pod)) {
    const over = budgetsOver(request, pod);
    if (over.length > 1)
      throw internalError(
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      );
    if (over[0] !== undefined) await spend(request, over[0], { ...write, dryRun: options.dryRun });
  }
  const key = objectKey(stored, info.namespace, info.name);
  await deleteObject(request, () => backend.cache.collection(stored).get(key), options);
  return respondJson(request, 201, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    code: 201,
  });
}

/** Eviction is no resource of its own: it has a shape and no place. */
function evictionShape(request: ResourceRequest) {
  return {
    ...request.stored,
    group: 'policy',
    version: 'v1',
    kind: 'Eviction',
    schema: 'Eviction',
    defaults: undefined,
  };
}
