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
  if (typeof value === 'string') return JSON.stringify(cut(value));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return printObject(value);
}

/** What is printed of one value at most. */
const printedCharactersMax = 16 * 1024;

/** Shorter texts are made anew each time, which costs less than keeping them. */
const keptCharactersMin = 512;

/**
 * Some rules print a whole list with every element that is wrong (ownerReferences): 8,000 elements would be gigabytes.
 * So an object is printed once, and cut.
 */
const printedObjects = new WeakMap<object, string>();

const cut = (text: string): string =>
  text.length <= printedCharactersMax ? text : `${text.slice(0, printedCharactersMax)}...`;

function printObject(value: unknown): string {
  const known = printedObjects.get(value as object);
  if (known !== undefined) return known;
  const whole = JSON.stringify(value) ?? '';
  if (whole.length <= keptCharactersMin) return whole;
  const text = cut(whole);
  printedObjects.set(value as object, text);
  return text;
}

/**
 * A place in an object. Immutable: each step returns a new Path. The text is made when it is asked for, which is when
 * something is wrong: rules make paths for every field of long lists that are quite right.
 */
export class Path {
  readonly #parent: Path | undefined;
  readonly #step: string | number;
  readonly #inBrackets: boolean;

  constructor(text: string | number, parent?: Path, inBrackets = false) {
    this.#parent = parent;
    this.#step = text;
    this.#inBrackets = inBrackets;
  }

  /** `spec` -> `spec.ports` */
  child(...names: string[]): Path {
    let at: Path = this;
    // By index: an iterator for each of a thousand steps is what a large pod's rules would spend most on.
    for (let index = 0; index < names.length; index++) at = new Path(names[index] as string, at);
    return at;
  }

  /** `spec.ports` -> `spec.ports[0]` */
  index(index: number): Path {
    return new Path(index, this, true);
  }

  /** `metadata.labels` -> `metadata.labels[app]` */
  key(key: string): Path {
    return new Path(key, this, true);
  }

  toString(): string {
    const before = this.#parent === undefined ? '' : this.#parent.toString();
    if (this.#inBrackets) return `${before}[${this.#step}]`;
    if (this.#step === '') return before;
    return before === '' ? String(this.#step) : `${before}.${this.#step}`;
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

/** The `details.causes[]` entry of a Status for this error. */
export function causeOf(error: FieldError): { reason: string; message: string; field: string } {
  return { reason: causes[error.type], message: error.message, field: error.field };
}

/** `spec.replicas: Invalid value: -1: must be ...`; several are joined as Go's aggregate: `[a, b]`. */
export function describeFieldErrors(errors: readonly FieldError[]): string {
  const lines = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  return lines.length === 1 ? (lines[0] as string) : `[${lines.join(', ')}]`;
}
