/**
 * Sums of what containers ask for and may use.
 * Source: k8s.io/component-helpers resource/helpers.go; KEP-753 (sidecars run beside everything that starts later).
 */
import { addQuantity, compareQuantity, parseQuantity, type Quantity } from '../../lib/quantity.ts';
import type { Container, PodSpec } from '../generated/types.ts';

export type Amounts = Readonly<Record<string, string>>;
export type AmountMap = Map<string, Quantity>;

/** The amounts that can be read. */
export function readAmounts(amounts: Amounts | undefined): AmountMap {
  const result: AmountMap = new Map();
  for (const [name, text] of Object.entries(amounts ?? {})) {
    const quantity = parseQuantity(String(text));
    if (quantity !== undefined) result.set(name, quantity);
  }
  return result;
}

export function addAmounts(sum: AmountMap, more: AmountMap): void {
  for (const [name, quantity] of more) {
    const before = sum.get(name);
    sum.set(name, before === undefined ? quantity : addQuantity(before, quantity));
  }
}

function raiseTo(most: AmountMap, other: AmountMap): void {
  for (const [name, quantity] of other) {
    const now = most.get(name);
    if (now === undefined || compareQuantity(quantity, now) > 0) most.set(name, quantity);
  }
}

/** An init container that keeps running. */
export function isSidecar(container: Container | undefined): boolean {
  return container?.restartPolicy === 'Always';
}

/**
 * The most that the pod's containers need at any one time: all regular ones and sidecars together, or one init container
 * with the sidecars started before it.
 */
export function aggregateAmounts(spec: PodSpec, which: 'requests' | 'limits'): AmountMap {
  const sum: AmountMap = new Map();
  for (const container of spec.containers ?? []) addAmounts(sum, readAmounts(container.resources?.[which]));
  const sidecars: AmountMap = new Map();
  const init: AmountMap = new Map();
  for (const container of spec.initContainers ?? []) {
    const amounts = readAmounts(container.resources?.[which]);
    if (isSidecar(container)) {
      addAmounts(sum, amounts);
      addAmounts(sidecars, amounts);
      raiseTo(init, sidecars);
    } else {
      addAmounts(amounts, sidecars);
      raiseTo(init, amounts);
    }
  }
  raiseTo(sum, init);
  return sum;
}
