/** What a PersistentVolumeClaim takes from a quota. Source: pkg/quota/v1/evaluator/core/persistent_volume_claims.go. */
import { compareQuantity, type Quantity, quantityOf, value } from '../../lib/quantity.ts';
import type { PersistentVolumeClaim } from '../generated/types.ts';
import { getOwn } from '../object.ts';
import { readQuantity } from '../quantities.ts';
import { one, type Usage } from './amounts.ts';
import { matchesValue, type ScopeRequirement } from './scopes.ts';

const claims = 'persistentvolumeclaims';
const storage = 'requests.storage';
const claimCount = `count/${claims}`;
const byClass = '.storageclass.storage.k8s.io/';
const legacyClassAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** Also `gold.storageclass.storage.k8s.io/requests.storage`. */
export function isClaimResource(name: string): boolean {
  if (name === claimCount || name === claims || name === storage) return true;
  return name.endsWith(byClass + claims) || name.endsWith(byClass + storage);
}

/** The name of the class; the annotation of old wins. */
export function claimClass({ metadata, spec }: PersistentVolumeClaim): string {
  return getOwn(metadata.annotations, legacyClassAnnotation) ?? spec?.storageClassName ?? '';
}

/** Whole bytes, rounded up. */
const rounded = (quantity: Quantity): Quantity =>
  quantity.nanos % one.nanos === 0n ? quantity : quantityOf(value(quantity), quantity.format);

/** What is asked for, or more when an expansion under way has taken more already. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const asked = getOwn(spec?.resources?.requests, 'storage');
  if (asked === undefined) return undefined;
  const request = rounded(readQuantity(asked));
  const allocated = getOwn(status?.allocatedResources, 'storage');
  if (allocated === undefined) return request;
  const taken = rounded(readQuantity(allocated));
  return compareQuantity(taken, request) > 0 ? taken : request;
}

export function claimUsage(claim: PersistentVolumeClaim): Usage {
  const usage = new Map<string, Quantity>([
    [claims, one],
    [claimCount, one],
  ]);
  const className = claimClass(claim);
  if (className !== '') usage.set(className + byClass + claims, one);
  const amount = storageOf(claim);
  if (amount === undefined) return usage;
  usage.set(storage, amount);
  if (className !== '') usage.set(className + byClass + storage, amount);
  return usage;
}

/** The VolumeAttributesClasses that the claim wants, has, or is on its way to. */
function attributesClasses({ spec, status }: PersistentVolumeClaim): Set<string> {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return new Set(names.filter((name): name is string => (name ?? '') !== ''));
}

export function claimMatchesScope(claim: PersistentVolumeClaim, requirement: ScopeRequirement): boolean {
  if (requirement.scopeName !== 'VolumeAttributesClass') return false;
  const names = attributesClasses(claim);
  if (names.size === 0) return matchesValue(requirement, '');
  return [...names].some((name) => matchesValue(requirement, name));
}
