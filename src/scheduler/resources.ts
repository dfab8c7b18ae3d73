/**
 * Amounts as numbers, in the units that upstream counts in: millicores, bytes, pieces. Doubles are exact up to 2^53.
 * Source: pkg/scheduler/framework/types.go (Resource, NonZeroRequested), pkg/scheduler/util/pod_resources.go.
 */
import type { Container, PodSpec } from '../kinds/generated/types.ts';
import {
  type AmountMap,
  addAmounts,
  aggregateAmounts,
  isSidecar,
  readAmounts,
} from '../kinds/pod/amounts.ts';
import { isHugePages } from '../kinds/pod/resource-names.ts';
import { milliValue, type Quantity, value } from '../lib/quantity.ts';

export interface Resources {
  milliCPU: number;
  memory: number;
  ephemeralStorage: number;
  /** Extended resources and huge pages. */
  readonly scalars: Map<string, number>;
}

/** What a pod counts for where scores ask, when it says nothing: 100m and 200Mi. */
const defaultMilliCPU = 100;
const defaultMemory = 200 * 1024 * 1024;

export function noResources(): Resources {
  return { milliCPU: 0, memory: 0, ephemeralStorage: 0, scalars: new Map() };
}

export function resourcesOf(amounts: AmountMap): Resources {
  const result = noResources();
  for (const [name, quantity] of amounts) {
    if (name === 'cpu') result.milliCPU = Number(milliValue(quantity));
    else if (name === 'memory') result.memory = Number(value(quantity));
    else if (name === 'ephemeral-storage') result.ephemeralStorage = Number(value(quantity));
    else if (name !== 'pods') result.scalars.set(name, Number(value(quantity)));
  }
  return result;
}

export function addResources(sum: Resources, more: Resources, sign: 1 | -1): void {
  sum.milliCPU += sign * more.milliCPU;
  sum.memory += sign * more.memory;
  sum.ephemeralStorage += sign * more.ephemeralStorage;
  for (const [name, amount] of more.scalars)
    sum.scalars.set(name, (sum.scalars.get(name) ?? 0) + sign * amount);
}

/** Requests of the pod as a whole (KEP-2837) stand in for the containers' where they may. */
function overrideWithPodLevel(spec: PodSpec, sum: AmountMap): void {
  for (const [name, quantity] of readAmounts(spec.resources?.requests))
    if (name === 'cpu' || name === 'memory' || isHugePages(name)) sum.set(name, quantity);
}

export function podRequests(spec: PodSpec): Resources {
  const sum = aggregateAmounts(spec, 'requests');
  overrideWithPodLevel(spec, sum);
  addAmounts(sum, readAmounts(spec.overhead));
  return resourcesOf(sum);
}

interface Pair {
  milliCPU: number;
  memory: number;
}

function nonZero(container: Container): Pair {
  const amounts: ReadonlyMap<string, Quantity> = readAmounts(container.resources?.requests);
  const cpu = amounts.get('cpu');
  const memory = amounts.get('memory');
  return {
    milliCPU: cpu === undefined ? defaultMilliCPU : Number(milliValue(cpu)),
    memory: memory === undefined ? defaultMemory : Number(value(memory)),
  };
}

/** CPU and memory as scores count them. */
export function nonZeroRequests(spec: PodSpec): Pair {
  const sum: Pair = { milliCPU: 0, memory: 0 };
  const add = (to: Pair, { milliCPU, memory }: Pair) => {
    to.milliCPU += milliCPU;
    to.memory += memory;
  };
  for (const container of spec.containers) add(sum, nonZero(container));
  const sidecars: Pair = { milliCPU: 0, memory: 0 };
  const most: Pair = { milliCPU: 0, memory: 0 };
  for (const container of spec.initContainers ?? []) {
    const amounts = nonZero(container);
    if (isSidecar(container)) {
      add(sum, amounts);
      add(sidecars, amounts);
    }
    const now = isSidecar(container) ? { ...sidecars } : amounts;
    if (!isSidecar(container)) add(now, sidecars);
    most.milliCPU = Math.max(most.milliCPU, now.milliCPU);
    most.memory = Math.max(most.memory, now.memory);
  }
  const podLevel = readAmounts(spec.resources?.requests);
  const overhead = resourcesOf(readAmounts(spec.overhead));
  const cpu = podLevel.get('cpu');
  const memory = podLevel.get('memory');
  return {
    milliCPU:
      (cpu === undefined ? Math.max(sum.milliCPU, most.milliCPU) : Number(milliValue(cpu))) +
      overhead.milliCPU,
    memory:
      (memory === undefined ? Math.max(sum.memory, most.memory) : Number(value(memory))) + overhead.memory,
  };
}
