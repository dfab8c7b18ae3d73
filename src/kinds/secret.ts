import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, forbidden, invalid, path, required, tooLong } from './field.ts';
import type { Secret } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isConfigMapKey } from './names.ts';
import { getOwn, setOwn } from './object.ts';

/** All values of a Secret or ConfigMap together, decoded. */
export const secretBytesMax = 1024 * 1024;

type Texts = Readonly<Record<string, string>>;

/** Whether two maps of text are the same; none is the same as an empty one. */
export function sameTexts(left: Texts = {}, right: Texts = {}): boolean {
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length && keys.every((key) => getOwn(left, key) === getOwn(right, key))
  );
}

const data = path('data');

/** What is wrong with a docker configuration, in the words of Go's JSON reader as far as they can be had. */
function dockerConfigProblem(base64: string): string | undefined {
  const text = Buffer.from(base64, 'base64').toString('utf8').trim();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const first = text[0];
    return first === undefined || '{["'.includes(first)
      ? 'unexpected end of JSON input'
      : `invalid character '${first}' looking for beginning of value`;
  }
  if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined;
  const name = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${name} into Go value of type map[string]interface {}`;
}

function validateDockerConfig(secret: Secret, key: string): FieldError[] {
  const config = getOwn(secret.data, key);
  if (config === undefined) return [required(data.key(key), '')];
  const problem = dockerConfigProblem(config);
  return problem === undefined ? [] : [invalid(data.key(key), '<secret contents redacted>', problem)];
}

/** Each key that is not there. */
const requireKeys = (secret: Secret, ...keys: string[]): FieldError[] =>
  keys.filter((key) => !Object.hasOwn(secret.data ?? {}, key)).map((key) => required(data.key(key), ''));

const serviceAccountName = 'kubernetes.io/service-account.name';

/** What a Secret of a well-known type must contain. */
function validateType(secret: Secret): FieldError[] {
  switch (secret.type) {
    case 'kubernetes.io/service-account-token':
      return (getOwn(secret.metadata.annotations, serviceAccountName) ?? '') === ''
        ? [required(path('metadata', 'annotations').key(serviceAccountName), '')]
        : [];
    case 'kubernetes.io/dockercfg':
      return validateDockerConfig(secret, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return validateDockerConfig(secret, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth': {
      const missing = requireKeys(secret, 'username', 'password');
      return missing.length === 2 ? missing : [];
    }
    case 'kubernetes.io/ssh-auth':
      return (getOwn(secret.data, 'ssh-privatekey') ?? '') === ''
        ? [required(data.key('ssh-privatekey'), '')]
        : [];
    case 'kubernetes.io/tls':
      return requireKeys(secret, 'tls.crt', 'tls.key');
    default:
      return [];
  }
}

function validate(secret: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    for (const message of isConfigMapKey(key)) errors.push(invalid(data.key(key), key, message));
    bytes += Buffer.byteLength(value, 'base64');
  }
  if (bytes > secretBytesMax) errors.push(tooLong(data, secretBytesMax));
  return [...errors, ...validateType(secret)];
}

function validateUpdate(secret: Secret, old: Secret): FieldError[] {
  const errors: FieldError[] = [];
  if (secret.type !== old.type) errors.push(invalid(path('type'), secret.type ?? '', 'field is immutable'));
  if (old.immutable !== true) return errors;
  const detail = 'field is immutable when `immutable` is set';
  if (secret.immutable !== true) errors.push(forbidden(path('immutable'), detail));
  if (!sameTexts(secret.data, old.data)) errors.push(forbidden(data, detail));
  return errors;
}

/** stringData is a way to write data; it is never stored. */
function defaults(secret: Secret): void {
  secret.type ||= 'Opaque';
  const { stringData } = secret;
  if (stringData === undefined) return;
  delete secret.stringData;
  if (Object.keys(stringData).length === 0) return;
  secret.data ??= {};
  for (const [key, text] of Object.entries(stringData))
    setOwn(secret.data, key, Buffer.from(text).toString('base64'));
}

/** Upstream checks that key and certificate match; what is no PEM at all is all that can be said without cryptography. */
function warnings(secret: Secret): string[] {
  if (secret.type !== 'kubernetes.io/tls') return [];
  const isPem = (key: string): boolean =>
    Buffer.from(getOwn(secret.data, key) ?? '', 'base64').includes('-----BEGIN ');
  if (!isPem('tls.crt')) return ['tls: failed to find any PEM data in certificate input'];
  return isPem('tls.key') ? [] : ['tls: failed to find any PEM data in key input'];
}

export const secret = defineKind<Secret>({
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  scope: 'Namespaced',
  defaults,
  validate,
  validateUpdate,
  warnings,
  selectableFields: (secret) => ({ type: secret.type ?? '' }),
  columns: [
    nameColumn,
    textColumn<Secret>('Type', (secret) => secret.type ?? ''),
    textColumn<Secret>('Data', (secret) => Object.keys(secret.data ?? {}).length),
    ageColumn,
  ],
  example: {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'token', namespace: 'default' },
    type: 'Opaque',
    data: { password: 'c2VzYW1l' },
  },
});
