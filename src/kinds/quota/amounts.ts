/**
 * Sums of resources by name, as quotas count them. Source: k8s.io/apiserver pkg/quota/v1/resources.go.
 */
import {
  addQuantity,
  compareQuantity,
  parseQuantity,
  type Quantity,
  quantityOf,
  subtractQuantity,
} from '../../lib/quantity.ts';
import { setOwn } from '../object.ts';

export type Usage = ReadonlyMap<string, Quantity>;

export const zero = quantityOf(0);
export const one = quantityOf(1);

export function readUsage(amounts: Readonly<Record<string, string>> | undefined): Map<string, Quantity> {
  const usage = new Map<string, Quantity>();
  for (const [name, text] of Object.entries(amounts ?? {})) usage.set(name, parseQuantity(text) ?? zero);
  return usage;
}

/** In the order of the names, as Go writes maps. */
export function writeUsage(usage: Usage): Record<string, string> {
  const amounts: Record<string, string> = {};
  for (const name of [...usage.keys()].sort()) setOwn(amounts, name, usage.get(name)?.text);
  return amounts;
}

/** Adds `more` to `sum`. */
export function addUsage(sum: Map<string, Quantity>, more: Usage): void {
  for (const [name, quantity] of more) sum.set(name, addQuantity(sum.get(name) ?? zero, quantity));
}

/** What `now` has more than `before`; nothing where it has less or as much. */
export function raisedUsage(now: Usage, before: Usage): Map<string, Quantity> {
  const raised = new Map<string, Quantity>();
  for (const [name, quantity] of now) {
    const difference = subtractQuantity(quantity, before.get(name) ?? zero);
    if (difference.nanos > 0n) raised.set(name, difference);
  }
  return raised;
}

export function maskUsage(usage: Usage, names: { has(name: string): boolean }): Map<string, Quantity> {
  return new Map([...usage].filter(([name]) => names.has(name)));
}

/** The names whose amount is more than `limits` allows. */
export function exceededNames(usage: Usage, limits: Usage): Set<string> {
  const exceeded = new Set<string>();
  for (const [name, quantity] of usage) {
    const limit = limits.get(name);
    if (limit !== undefined && compareQuantity(quantity, limit) > 0) exceeded.add(name);
  }
  return exceeded;
}

export function sameUsage(left: Usage, right: Usage): boolean {
  return (
    left.size === right.size &&
    [...left].every(([name, quantity]) => {
      const other = right.get(name);
      return other !== undefined && compareQuantity(quantity, other) === 0;
    })
  );
}

/** `pods=2,requests.cpu=1` */
export function describeUsage(usage: Usage): string {
  return [...usage.keys()]
    .sort()
    .map((name) => `${name}=${usage.get(name)?.text}`)
    .join(',');
}
