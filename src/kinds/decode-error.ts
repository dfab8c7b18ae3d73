/** What is wrong with a body, in the words of Go's JSON decoder: kubectl prints them as they come. */
import { WherryError } from '../lib/errors.ts';

/** A body that does not fit its type. `message` is the inner text only; see `cannotBeHandled` for the whole. */
export class DecodeError extends WherryError {
  constructor(message: string) {
    super('DECODE', message);
  }
}

/** The text of the 400: `Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal ...`. */
export function cannotBeHandled(kind: { version: string; kind: string }, problem: string): string {
  return `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${problem}`;
}

/** The problem text for fieldValidation=Strict; each line is also the text of a warning for fieldValidation=Warn. */
export function strictDecodingError(lines: readonly string[]): string {
  return `strict decoding error: ${lines.join(', ')}`;
}

/** How Go's decoder calls a JSON value: `string`, `bool`, `number 1.5` where the number itself is at fault. */
export function jsonKind(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}
