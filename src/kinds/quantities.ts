/**
 * Checks of amounts of resources. Source of rules and wording: pkg/apis/core/validation of Kubernetes.
 */
import { compareQuantity, parseQuantity, type Quantity, quantityOf } from '../lib/quantity.ts';
import { type FieldError, invalid, type Path } from './field.ts';
import { isQualifiedName } from './names.ts';
import { isIntegerResource, isStandardResource } from './pod/resource-names.ts';

const zero = quantityOf(0);

/** Text that is no quantity was refused by the decoder; here it counts as zero. */
export function readQuantity(text: string | undefined): Quantity {
  return (text === undefined ? undefined : parseQuantity(text)) ?? zero;
}

/** The entries of a list of resources in the order of their names, so that messages have an order. */
export function resourceEntries(amounts: Readonly<Record<string, string>> | undefined): [string, Quantity][] {
  return Object.entries(amounts ?? {})
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, text]) => [name, readQuantity(text)]);
}

/** Not negative, and whole where the resource comes in whole pieces. */
export function validateAmount(resource: string, quantity: Quantity, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  if (quantity.nanos < 0n) errors.push(invalid(at, quantity.text, 'must be greater than or equal to 0'));
  if (isIntegerResource(resource) && quantity.nanos % quantityOf(1).nanos !== 0n)
    errors.push(invalid(at, quantity.text, 'must be an integer'));
  return errors;
}

export function validatePositive(quantity: Quantity, at: Path): FieldError[] {
  return compareQuantity(quantity, zero) > 0 ? [] : [invalid(at, quantity.text, 'must be greater than zero')];
}

/** Huge pages as quotas name them. */
const isHugePagesRequest = (name: string): boolean => name.startsWith('requests.hugepages-');

/** The name of any resource: `cpu`, `requests.memory`, `example.com/gpu`. */
export function validateResourceName(name: string, at: Path): FieldError[] {
  const errors = isQualifiedName(name).map((message) => invalid(at, name, message));
  if (errors.length > 0 || name.includes('/')) return errors;
  if (isStandardResource(name) || isHugePagesRequest(name)) return errors;
  return [invalid(at, name, 'must be a standard resource type or fully qualified')];
}
