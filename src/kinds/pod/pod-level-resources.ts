/**
 * Requests and limits of the pod as a whole (KEP-2837): requests follow the containers', or else the pod's limits.
 * Source: pkg/apis/core/v1/defaults.go of Kubernetes.
 */
import type { PodSpec } from '../generated/types.ts';
import { setOwn } from '../object.ts';
import { aggregateAmounts } from './amounts.ts';
import { isHugePages, isOvercommitAllowed, isPodLevelResource } from './resource-names.ts';

const isEmpty = (amounts: object | undefined): boolean => Object.keys(amounts ?? {}).length === 0;

export function defaultPodLevelResources(spec: PodSpec): void {
  const resources = spec.resources;
  if (resources == null || (isEmpty(resources.limits) && isEmpty(resources.requests))) return;
  const limits = resources.limits ?? {};
  for (const [name, amount] of aggregateAmounts(spec, 'limits'))
    if (isHugePages(name) && !Object.hasOwn(resources.requests ?? {}, name) && !Object.hasOwn(limits, name))
      setOwn(limits, name, amount.text);
  if (isEmpty(limits)) return;
  resources.limits = limits;

  const requests = resources.requests ?? {};
  for (const [name, amount] of aggregateAmounts(spec, 'requests'))
    if (isPodLevelResource(name) && isOvercommitAllowed(name) && !Object.hasOwn(requests, name))
      setOwn(requests, name, amount.text);
  for (const [name, amount] of Object.entries(limits))
    if (isPodLevelResource(name) && !Object.hasOwn(requests, name)) setOwn(requests, name, amount);
  if (!isEmpty(requests)) resources.requests = requests;
}
