/** Small checks that the workload kinds share. Source of wording: pkg/apis/core/validation of Kubernetes. */
import { type FieldError, invalid, notSupported, type Path, required } from '../field.ts';
import { isDNS1123Label, isDNS1123Subdomain } from '../names.ts';
import { semanticEqual } from './equality.ts';

export const int32Max = 2147483647;

/** `must be between 1 and 255, inclusive` */
export const inclusiveRange = (least: number, most: number): string =>
  `must be between ${least} and ${most}, inclusive`;

export function validateNonNegative(value: number | undefined, at: Path): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(at, value, 'must be greater than or equal to 0')] : [];
}

/** One error for each message about a value. */
export function invalidEach(at: Path, value: unknown, messages: readonly string[]): FieldError[] {
  return messages.map((message) => invalid(at, value, message));
}

export const validateDNS1123Label = (value: string, at: Path): FieldError[] =>
  invalidEach(at, value, isDNS1123Label(value));

export const validateDNS1123Subdomain = (value: string, at: Path): FieldError[] =>
  invalidEach(at, value, isDNS1123Subdomain(value));

/** The text must be there. */
export function requireText(value: string | undefined, at: Path, detail = ''): FieldError[] {
  return value === undefined || value === '' ? [required(at, detail)] : [];
}

/** Unset is fine; anything else must be one of `supported`. */
export function validateOptionalChoice(
  value: string | undefined,
  supported: readonly string[],
  at: Path,
): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(at, value, supported)];
}

/** Required when unset or empty, else one of `supported`. */
export function validateChoice(
  value: string | undefined,
  supported: readonly string[],
  at: Path,
): FieldError[] {
  if (value === undefined || value === '') return [required(at, '')];
  return supported.includes(value) ? [] : [notSupported(at, value, supported)];
}

export function validateImmutable(value: unknown, old: unknown, at: Path): FieldError[] {
  return semanticEqual(value, old) ? [] : [invalid(at, value, 'field is immutable')];
}

/** User and group numbers. */
export function validateId(value: number | undefined, at: Path): FieldError[] {
  return value !== undefined && (value < 0 || value > int32Max)
    ? [invalid(at, value, inclusiveRange(0, int32Max))]
    : [];
}

/** The mode bits of a file. */
export function validateFileMode(mode: number | undefined, at: Path): FieldError[] {
  return mode !== undefined && (mode < 0 || mode > 0o777)
    ? [invalid(at, mode, 'must be a number between 0 and 0777 (octal), both inclusive')]
    : [];
}

/** No `..` in a path. */
export function validatePathNoBacksteps(path: string, at: Path): FieldError[] {
  return path.split('/').includes('..') ? [invalid(at, path, "must not contain '..'")] : [];
}

/** A relative path without `..`. */
export function validateLocalDescendingPath(path: string, at: Path): FieldError[] {
  return [
    ...(path.startsWith('/') ? [invalid(at, path, 'must be a relative path')] : []),
    ...validatePathNoBacksteps(path, at),
  ];
}

/** A relative path without `..` that does not start with two dots either: those names are the volume's own. */
export function validateLocalNonReservedPath(path: string, at: Path): FieldError[] {
  const reserved = path.startsWith('..') && !path.startsWith('../');
  return [
    ...validateLocalDescendingPath(path, at),
    ...(reserved ? [invalid(at, path, "must not start with '..'")] : []),
  ];
}

/** An invalid value that is not shown. */
export function invalidUnshown(at: Path, detail: string): FieldError {
  return { type: 'invalid', field: at.toString(), message: `Invalid value: ${detail}` };
}

/** A `notFound` with a reason behind it, which Go's constructor does not take. */
export function notFoundBecause(at: Path, value: string, detail: string): FieldError {
  return {
    type: 'notFound',
    field: at.toString(),
    message: `Not found: ${JSON.stringify(value)}: ${detail}`,
  };
}
