/**
 * Which of a pod's pull secrets are for an image. Source: pkg/credentialprovider/keyring.go and config.go,
 * pkg/credentialprovider/secrets.
 */
import type { ImageAuth } from '../cri/container-types.ts';
import type { Secret } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { WherryError } from '../lib/errors.ts';

/** What is written into a registry's secret cannot be read. */
class PullSecretError extends WherryError {
  constructor(message: string, cause?: unknown) {
    super('PULL_SECRET', message, { cause });
  }
}

interface Entry {
  /** `registry.example:5000/team`, where any part of the host may be a pattern: `*.example`. */
  readonly place: string;
  readonly auth: ImageAuth;
}

const defaultRegistry = 'index.docker.io';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `auth`: user and password together, which count more than those that stand apart. */
function identityOf(entry: Record<string, unknown>): ImageAuth {
  const auth = textOf(getOwn(entry, 'auth'));
  if (auth === '')
    return { username: textOf(getOwn(entry, 'username')), password: textOf(getOwn(entry, 'password')) };
  const decoded = Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0)
    throw new PullSecretError('unable to parse auth field, must be formatted as base64(username:password)');
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, '') };
}

/** Where an entry is for: without the scheme, and without the path of the registry's interface. */
function placeOf(key: string): string | undefined {
  const parts = /^(?:https?:\/\/)?([^/]+)(\/.*)?$/.exec(key);
  if (parts === null) return undefined;
  const path = (parts[2] ?? '').replace(/^\/v[12]\//, '/');
  return `${parts[1]}${path === '/' ? '' : path}`;
}

function entriesOf({ data, type }: Secret): Entry[] {
  const key =
    type === 'kubernetes.io/dockerconfigjson'
      ? '.dockerconfigjson'
      : type === 'kubernetes.io/dockercfg'
        ? '.dockercfg'
        : undefined;
  const text = key === undefined ? undefined : getOwn(data, key);
  if (text === undefined || text === '') return [];
  let config: unknown;
  try {
    config = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  } catch (cause) {
    throw new PullSecretError((cause as Error).message, cause);
  }
  const entries = key === '.dockercfg' || !isRecord(config) ? config : getOwn(config, 'auths');
  if (!isRecord(entries)) return [];
  return Object.entries(entries).flatMap(([where, entry]) => {
    const place = placeOf(where);
    return place === undefined || !isRecord(entry) ? [] : [{ place, auth: identityOf(entry) }];
  });
}

/**
 * A label of a host against a pattern with `*` and `?`. No regular expression: anybody may write the pattern, and one with
 * many stars would take for ever.
 */
function labelMatches(pattern: string, label: string): boolean {
  let at = 0;
  let inPattern = 0;
  let star = -1;
  let afterStar = 0;
  while (at < label.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern++;
      afterStar = at;
    } else if (pattern[inPattern] === '?' || pattern[inPattern] === label[at]) {
      inPattern++;
      at++;
    } else if (star >= 0) {
      // The last star takes one more; what an earlier one took need not change.
      inPattern = star + 1;
      at = ++afterStar;
    } else return false;
  }
  while (pattern[inPattern] === '*') inPattern++;
  return inPattern === pattern.length;
}

function split(place: string): { labels: string[]; port: string; path: string } {
  const slash = place.indexOf('/');
  const host = slash < 0 ? place : place.slice(0, slash);
  const [name = '', port = ''] = host.split(':');
  return { labels: name.split('.'), port, path: slash < 0 ? '' : place.slice(slash) };
}

function matches(pattern: string, repository: string): boolean {
  const [wanted, given] = [split(pattern), split(repository)];
  return (
    wanted.port === given.port &&
    wanted.labels.length === given.labels.length &&
    wanted.labels.every((label, index) => labelMatches(label, given.labels[index] as string)) &&
    given.path.startsWith(wanted.path)
  );
}

/** `nginx:1` -> `docker.io/library/nginx`; the name must be one that `imageName` has taken. */
export function repositoryOf(image: string): string {
  const name = image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  const [first = '', ...rest] = name.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (!isHost) return `docker.io/${rest.length === 0 ? `library/${name}` : name}`;
  return first === defaultRegistry ? ['docker.io', ...rest].join('/') : name;
}

/**
 * Every identity that may be let in, the most exact first; none: nobody in particular asks. Throws PullSecretError when a
 * secret cannot be read.
 */
export function pullCredentials(image: string, secrets: readonly Secret[]): ImageAuth[] {
  const repository = repositoryOf(image);
  const all = secrets.flatMap(entriesOf);
  const found = all.filter(({ place }) => matches(place, repository));
  const fallback = repository.startsWith('docker.io/')
    ? all.filter(({ place }) => place === defaultRegistry)
    : [];
  const chosen = found.length > 0 ? found : fallback;
  // The longer of two that both match is the more exact one: reverse order puts it first.
  const sorted = [...chosen].sort((left, right) =>
    left.place < right.place ? 1 : left.place > right.place ? -1 : 0,
  );
  return sorted.map(({ auth }) => auth);
}
