/**
 * What a pod as a whole asks for and may use: its containers, or what it says for itself (KEP-2837), and its overhead.
 * Source: k8s.io/component-helpers resource/helpers.go.
 */
import { addQuantity, type Quantity } from '../../lib/quantity.ts';
import type { PodSpec } from '../generated/types.ts';
import { aggregateAmounts, readAmounts } from '../pod/amounts.ts';
import { isPodLevelResource } from '../pod/resource-names.ts';

/** Of containers and pod, without the overhead. */
export function declaredAmounts(spec: PodSpec, which: 'requests' | 'limits'): Map<string, Quantity> {
  const amounts = aggregateAmounts(spec, which);
  for (const [name, quantity] of readAmounts(spec.resources?.[which]))
    if (isPodLevelResource(name)) amounts.set(name, quantity);
  return amounts;
}

/** The overhead (KEP-688) adds to every request, and to those limits that there are. */
export function podAmounts(spec: PodSpec, which: 'requests' | 'limits'): Map<string, Quantity> {
  const amounts = declaredAmounts(spec, which);
  for (const [name, quantity] of readAmounts(spec.overhead)) {
    const declared = amounts.get(name);
    if (declared !== undefined) amounts.set(name, addQuantity(declared, quantity));
    else if (which === 'requests') amounts.set(name, quantity);
  }
  return amounts;
}

/** The pod says for itself what it needs of CPU, memory or huge pages. */
export function hasPodLevelResources(spec: PodSpec): boolean {
  return [spec.resources?.requests, spec.resources?.limits].some((amounts) =>
    Object.keys(amounts ?? {}).some(isPodLevelResource),
  );
}
