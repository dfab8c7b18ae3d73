/** What the name of a resource says. Source: pkg/apis/core/helper/helpers.go of Kubernetes. */
import { milliValue, parseQuantity, type Quantity, value } from '../../lib/quantity.ts';
import { isQualifiedName } from '../names.ts';

const hugePagesPrefix = 'hugepages-';

const computeResources = ['cpu', 'memory', 'ephemeral-storage'];
const standardResources = new Set([
  ...computeResources,
  ...computeResources.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'storage',
  'requests.storage',
  'services.nodeports',
  'services.loadbalancers',
]);
const countedResources = new Set([
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
]);

export const isHugePages = (name: string): boolean => name.startsWith(hugePagesPrefix);

export const isStandardResource = (name: string): boolean => standardResources.has(name) || isHugePages(name);

export const isContainerResource = (name: string): boolean =>
  computeResources.includes(name) || isHugePages(name);

/** Kubernetes' own: without a domain, or in kubernetes.io. */
export const isNativeResource = (name: string): boolean =>
  !name.includes('/') || name.includes('kubernetes.io/');

/** A device of someone else's: `example.com/gpu`. */
export const isExtendedResource = (name: string): boolean =>
  !isNativeResource(name) &&
  !name.startsWith('requests.') &&
  isQualifiedName(`requests.${name}`).length === 0;

/** Comes in whole pieces. */
export const isIntegerResource = (name: string): boolean =>
  countedResources.has(name) || isExtendedResource(name);

/** More may be allowed than there is: requests may be below limits. */
export const isOvercommitAllowed = (name: string): boolean => isNativeResource(name) && !isHugePages(name);

/** What `spec.resources` of a pod may name (KEP-2837). */
export const isPodLevelResource = (name: string): boolean =>
  name === 'cpu' || name === 'memory' || isHugePages(name);

/** Whether an amount is a whole number of pages of the size in the name. */
export function isWholePages(name: string, amount: Quantity): boolean {
  const size = parseQuantity(name.slice(hugePagesPrefix.length));
  if (size === undefined || size.nanos <= 0n || milliValue(size) % 1000n !== 0n) return false;
  return value(amount) % value(size) === 0n;
}
