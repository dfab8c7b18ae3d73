/**
 * Continue tokens: base64url of `{"v":"meta.k8s.io/v1","rv":R,"start":"NAMESPACE/NAME"}`. Opaque to clients; upstream's
 * shape, so that tools that print it look familiar. A revision of -1 goes on with the newest state.
 */
import { badRequestError, StatusError } from '../../kinds/status.ts';

export interface ContinuePosition {
  /** Undefined: the newest. */
  readonly revision: number | undefined;
  /** The last key that was sent, below the list's prefix. */
  readonly start: string;
}

export function encodeContinue(revision: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url');
}

const notValid = (why: string) => badRequestError(`invalid continue token: continue key is not valid${why}`);

/** A key that path.Clean would change could leave the collection that it is put behind. */
function isClean(key: string): boolean {
  const segments = (key.startsWith('/') ? key.slice(1) : key).split('/');
  return segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}

/** Throws 400 for a token that this server did not write. Source of rules and wording: k8s.io/apiserver pkg/storage/continue.go. */
export function decodeContinue(token: string): ContinuePosition {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw notValid(': the token is not JSON in base64');
  }
  if (typeof value !== 'object' || value === null) throw notValid(': the token is not an object');
  const { v, rv, start } = value as { v?: unknown; rv?: unknown; start?: unknown };
  if (v !== 'meta.k8s.io/v1') throw notValid(`: server does not recognize this encoded version ${v ?? ''}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv < -1 || rv === 0)
    throw notValid(': incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '')
    throw notValid(': encoded start key empty (version meta.k8s.io/v1)');
  if (!isClean(start) || start.includes('\0')) throw notValid(`: ${start}`);
  return { revision: rv === -1 ? undefined : rv, start };
}

const tooOld =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** 410 with a token that goes on from the same place in the newest state. */
export function expiredContinue(start: string): StatusError {
  return new StatusError(410, 'Expired', tooOld, undefined, { continue: encodeContinue(-1, start) });
}
