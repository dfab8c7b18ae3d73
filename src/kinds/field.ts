/**
 * Field paths and field errors. The wording is part of the API: kubectl prints it as it comes.
 * Source of the wording: k8s.io/apimachinery pkg/util/validation/field.
 */

export type FieldErrorType =
  | 'required'
  | 'invalid'
  | 'duplicate'
  | 'forbidden'
  | 'notFound'
  | 'notSupported'
  | 'tooLong'
  | 'tooMany'
  | 'typeInvalid'
  | 'internal';

const titles: Record<FieldErrorType, string> = {
  required: 'Required value',
  invalid: 'Invalid value',
  duplicate: 'Duplicate value',
  forbidden: 'Forbidden',
  notFound: 'Not found',
  notSupported: 'Unsupported value',
  tooLong: 'Too long',
  tooMany: 'Too many',
  typeInvalid: 'Invalid value',
  internal: 'Internal error',
};

/** The `reason` of a Status cause, per error type (metav1.CauseType). */
const causes: Record<FieldErrorType, string> = {
  required: 'FieldValueRequired',
  invalid: 'FieldValueInvalid',
  duplicate: 'FieldValueDuplicate',
  forbidden: 'FieldValueForbidden',
  notFound: 'FieldValueNotFound',
  notSupported: 'FieldValueNotSupported',
  tooLong: 'FieldValueTooLong',
  tooMany: 'FieldValueTooMany',
  typeInvalid: 'FieldValueTypeInvalid',
  internal: 'InternalError',
};

export interface FieldError {
  type: FieldErrorType;
  /** `spec.ports[0].port`, as `Path.toString()` gives it. */
  field: string;
  /** The rest after `field: `, already worded: `Invalid value: 70000: must be between 1 and 65535, inclusive`. */
  message: string;
}

/** How Go prints a bad value in an error: strings quoted, numbers and booleans bare, the rest as JSON. */
function printValue(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return printObject(value);
}

/** What is printed of one value at most. */
const printedCharactersMax = 16 * 1024;

/**
 * Some rules print a whole list with every element that is wrong (ownerReferences): 8,000 elements would be gigabytes.
 * So an object is printed once, and cut.
 */
const printedObjects = new WeakMap<object, string>();

function printObject(value: unknown): string {
  const known = printedObjects.get(value as object);
  if (known !== undefined) return known;
  const whole = JSON.stringify(value) ?? '';
  const text = whole.length <= printedCharactersMax ? whole : `${whole.slice(0, printedCharactersMax)}...`;
  printedObjects.set(value as object, text);
  return text;
}

/** A place in an object. Immutable: each step returns a new Path. */
export class Path {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** `spec` -> `spec.ports` */
  child(...names: string[]): Path {
    return new Path([this.#text, ...names].filter((name) => name !== '').join('.'));
  }

  /** `spec.ports` -> `spec.ports[0]` */
  index(index: number): Path {
    return new Path(`${this.#text}[${index}]`);
  }

  /** `metadata.labels` -> `metadata.labels[app]` */
  key(key: string): Path {
    return new Path(`${this.#text}[${key}]`);
  }

  toString(): string {
    return this.#text;
  }
}

/** `path('spec', 'ports')` is `spec.ports`. */
export function path(...names: string[]): Path {
  return new Path(names.join('.'));
}

function make(type: FieldErrorType, at: Path, detail: string): FieldError {
  return { type, field: at.toString(), message: detail === '' ? titles[type] : `${titles[type]}: ${detail}` };
}

export const required = (at: Path, detail: string): FieldError => make('required', at, detail);

export const invalid = (at: Path, value: unknown, detail: string): FieldError =>
  make('invalid', at, detail === '' ? printValue(value) : `${printValue(value)}: ${detail}`);

export const duplicate = (at: Path, value: unknown): FieldError => make('duplicate', at, printValue(value));

export const forbidden = (at: Path, detail: string): FieldError => make('forbidden', at, detail);

export const notFound = (at: Path, value: unknown): FieldError => make('notFound', at, printValue(value));

/** `supported` is printed in the order given; upstream sorts it in most places. */
export function notSupported(at: Path, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((each) => JSON.stringify(each)).join(', ');
  return make(
    'notSupported',
    at,
    printValue(value) + (supported.length > 0 ? `: supported values: ${list}` : ''),
  );
}

export const tooLong = (at: Path, bytesMax: number): FieldError =>
  make('tooLong', at, `may not be more than ${bytesMax} bytes`);

export const tooMany = (at: Path, count: number, countMax: number): FieldError =>
  make('tooMany', at, `${count}: must have at most ${countMax} items`);

export const typeInvalid = (at: Path, value: unknown, detail: string): FieldError =>
  make('typeInvalid', at, `${printValue(value)}: ${detail}`);

/** The `details.causes[]` entry of a Status for this error. */
export function causeOf(error: FieldError): { reason: string; message: string; field: string } {
  return { reason: causes[error.type], message: error.message, field: error.field };
}

/** `spec.replicas: Invalid value: -1: must be ...`; several are joined as Go's aggregate: `[a, b]`. */
export function describeFieldErrors(errors: readonly FieldError[]): string {
  const lines = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  return lines.length === 1 ? (lines[0] as string) : `[${lines.join(', ')}]`;
}
