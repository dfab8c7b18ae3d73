/** What containers and pods ask for. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { compareQuantity, milliValue, parseQuantity, type Quantity } from '../../lib/quantity.ts';
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  type Path,
  required,
} from '../field.ts';
import type { CoreResourceClaim, PodSpec, ResourceRequirements } from '../generated/types.ts';
import { isQualifiedName } from '../names.ts';
import { type Amounts, aggregateAmounts, readAmounts } from './amounts.ts';
import { invalidEach, notFoundBecause, validateDNS1123Label } from './checks.ts';
import * as names from './resource-names.ts';

const zero = parseQuantity('0') as Quantity;

function validateResourceName(name: string, at: Path): FieldError[] {
  const errors = invalidEach(at, name, isQualifiedName(name));
  if (errors.length === 0 && !name.includes('/') && !names.isStandardResource(name))
    return [invalid(at, name, 'must be a standard resource type or fully qualified')];
  return errors;
}

function validateContainerResourceName(name: string, at: Path): FieldError[] {
  const errors = validateResourceName(name, at);
  if (!name.includes('/')) {
    if (!names.isContainerResource(name))
      errors.push(invalid(at, name, 'must be a standard resource for containers'));
  } else if (!names.isNativeResource(name) && !names.isExtendedResource(name))
    errors.push(invalid(at, name, "doesn't follow extended resource name standard"));
  return errors;
}

function validatePodResourceName(name: string, at: Path): FieldError[] {
  const errors = validateResourceName(name, at);
  if (errors.length > 0 || names.isPodLevelResource(name)) return errors;
  return [notSupported(at, name, ['cpu', 'hugepages-', 'memory'])];
}

function validateAmount(name: string, amount: Quantity, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (amount.nanos < 0n) errors.push(invalid(at, amount.text, 'must be greater than or equal to 0'));
  if (names.isIntegerResource(name) && milliValue(amount) % 1000n !== 0n)
    errors.push(invalid(at, amount.text, 'must be an integer'));
  return errors;
}

function validateHugePages(name: string, amount: Quantity, at: Path): FieldError[] {
  if (!names.isHugePages(name) || names.isWholePages(name, amount)) return [];
  return [invalid(at, amount.text, `${amount.text} is not positive integer multiple of ${name}`)];
}

type NameCheck = (name: string, at: Path) => FieldError[];

function validateAmounts(amounts: Amounts | undefined, at: Path, checkName: NameCheck): FieldError[] {
  return [...readAmounts(amounts)].flatMap(([name, amount]) => [
    ...checkName(name, at.key(name)),
    ...validateAmount(name, amount, at.key(name)),
    ...validateHugePages(name, amount, at.key(name)),
  ]);
}

function validateRequestAgainstLimit(
  name: string,
  request: Quantity,
  limit: Quantity | undefined,
  at: Path,
): FieldError[] {
  if (limit === undefined)
    return names.isOvercommitAllowed(name)
      ? []
      : [required(at.child('limits'), 'Limit must be set for non overcommitable resources')];
  const order = compareQuantity(request, limit);
  if (order !== 0 && !names.isOvercommitAllowed(name))
    return [invalid(at.child('requests'), request.text, `must be equal to ${name} limit of ${limit.text}`)];
  return order > 0
    ? [
        invalid(
          at.child('requests'),
          request.text,
          `must be less than or equal to ${name} limit of ${limit.text}`,
        ),
      ]
    : [];
}

function validateClaims(
  claims: readonly CoreResourceClaim[],
  podClaims: ReadonlySet<string>,
  at: Path,
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  const withRequest = new Set<string>();
  for (const [index, { name, request }] of claims.entries()) {
    const here = at.index(index);
    if (!name) {
      errors.push(required(here, ''));
      continue;
    }
    const key = request ? `${name}/${request}` : name;
    const overlaps = !request && withRequest.has(name);
    if (seen.has(name)) errors.push(duplicate(here, name));
    else {
      if (request) errors.push(...validateDNS1123Label(request, here.child('request')));
      if (seen.has(key) || overlaps) errors.push(duplicate(here, key));
      seen.add(key);
      if (request) withRequest.add(name);
    }
    if (!podClaims.has(name)) {
      const known = podClaims.size === 0 ? ' which is empty' : `: ${[...podClaims].sort().join(', ')}`;
      errors.push(notFoundBecause(here, name, `must be one of the names in pod.spec.resourceClaims${known}`));
    }
  }
  return errors;
}

function validateRequirements(
  requirements: ResourceRequirements | undefined,
  podClaims: ReadonlySet<string>,
  at: Path,
  checkName: NameCheck,
): FieldError[] {
  if (requirements == null) return [];
  const errors = validateAmounts(requirements.limits, at.child('limits'), checkName);
  const limits = readAmounts(requirements.limits);
  const requests = readAmounts(requirements.requests);
  for (const [name, request] of requests) {
    const here = at.child('requests').key(name);
    errors.push(...checkName(name, here), ...validateAmount(name, request, here));
    errors.push(...validateRequestAgainstLimit(name, request, limits.get(name), at));
    errors.push(...validateHugePages(name, request, here));
  }
  const all = [...limits.keys(), ...requests.keys()];
  if (all.some(names.isHugePages) && !all.includes('cpu') && !all.includes('memory'))
    errors.push(forbidden(at, 'HugePages require cpu or memory'));
  if (requirements.claims != null)
    errors.push(...validateClaims(requirements.claims, podClaims, at.child('claims')));
  return errors;
}

export function validateContainerResources(
  requirements: ResourceRequirements | undefined,
  podClaims: ReadonlySet<string>,
  at: Path,
): FieldError[] {
  return validateRequirements(requirements, podClaims, at, validateContainerResourceName);
}

/** What a runtime class adds to a pod. */
export function validateOverhead(overhead: Amounts, at: Path): FieldError[] {
  return validateContainerResources({ limits: { ...overhead } }, new Set(), at);
}

/** The pod as a whole (KEP-2837): at least what its containers ask for, at most what they may use. */
export function validatePodResources(spec: PodSpec, at: Path): FieldError[] {
  const resources = spec.resources;
  if (resources == null) return [];
  const errors: FieldError[] = [];
  if (resources.claims !== undefined)
    errors.push(forbidden(at.child('claims'), 'claims cannot be set for Resources at pod-level'));
  const podClaims = new Set((spec.resourceClaims ?? []).map((claim) => claim.name));
  errors.push(...validateRequirements(resources, podClaims, at, validatePodResourceName));

  const requests = readAmounts(resources.requests);
  for (const [name, sum] of aggregateAmounts(spec, 'requests')) {
    const request = requests.get(name) ?? zero;
    if (names.isPodLevelResource(name) && compareQuantity(sum, request) > 0)
      errors.push(
        invalid(
          at.child('requests').key(name),
          request.text,
          `must be greater than or equal to aggregate container requests of ${sum.text}`,
        ),
      );
  }
  const limits = readAmounts(resources.limits);
  for (const [index, container] of (spec.containers ?? []).entries())
    for (const [name, limit] of readAmounts(container.resources?.limits)) {
      const most = limits.get(name);
      if (most !== undefined && compareQuantity(limit, most) > 0)
        errors.push(
          invalid(
            at.child('containers').index(index).key(name).child('limits'),
            limit.text,
            `must be less than or equal to pod limits of ${most.text}`,
          ),
        );
    }
  return errors;
}
