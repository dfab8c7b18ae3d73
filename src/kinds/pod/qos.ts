/** The quality-of-service class of a pod. Source: pkg/apis/core/helper/qos/qos.go of Kubernetes. */
import { compareQuantity } from '../../lib/quantity.ts';
import type { PodSpec, ResourceRequirements } from '../generated/types.ts';
import { type AmountMap, type Amounts, addAmounts, readAmounts } from './amounts.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** CPU and memory above zero: the rest does not count. */
function counted(amounts: Amounts | undefined): AmountMap {
  const result = readAmounts(amounts);
  for (const [name, quantity] of result)
    if ((name !== 'cpu' && name !== 'memory') || quantity.nanos <= 0n) result.delete(name);
  return result;
}

export function qosClass(spec: PodSpec): QosClass {
  const parts: (ResourceRequirements | undefined)[] =
    spec.resources == null
      ? [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((each) => each.resources)
      : [spec.resources];
  const requests: AmountMap = new Map();
  const limits: AmountMap = new Map();
  let guaranteed = true;
  for (const part of parts) {
    const partLimits = counted(part?.limits);
    if (partLimits.size < 2) guaranteed = false;
    addAmounts(requests, counted(part?.requests));
    addAmounts(limits, partLimits);
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  const equal = [...requests].every(([name, request]) => {
    const limit = limits.get(name);
    return limit !== undefined && compareQuantity(limit, request) === 0;
  });
  return guaranteed && equal && requests.size === limits.size ? 'Guaranteed' : 'Burstable';
}
