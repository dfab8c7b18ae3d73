import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Secret } from './generated/types.ts';
import { secret } from './secret.ts';
import { serviceAccount } from './service-account.ts';
import { createErrors, defaulted, row, updateErrors } from './test-kit.ts';

const metadata = { name: 'token', namespace: 'default' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const redacted = 'Invalid value: "<secret contents redacted>"';

describe('Secret', () => {
  const cases: Readonly<Record<string, { object: Partial<Secret>; expected: string[] }>> = {
    opaque: { object: { data: { a: '' } }, expected: [] },
    'a type of its own': { object: { type: 'example.com/x' }, expected: [] },
    'TLS without key': {
      object: { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } },
      expected: ['data[tls.key]: Required value'],
    },
    'basic auth with one half': {
      object: { type: 'kubernetes.io/basic-auth', data: { username: '' } },
      expected: [],
    },
    'basic auth with nothing': {
      object: { type: 'kubernetes.io/basic-auth' },
      expected: ['data[username]: Required value', 'data[password]: Required value'],
    },
    'SSH key that is empty': {
      object: { type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } },
      expected: ['data[ssh-privatekey]: Required value'],
    },
    'service account token of nobody': {
      object: { type: 'kubernetes.io/service-account-token' },
      expected: ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    },
    'docker configuration missing': {
      object: { type: 'kubernetes.io/dockercfg' },
      expected: ['data[.dockercfg]: Required value'],
    },
    'docker configuration cut short': {
      object: { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('{"auths"') } },
      expected: [`data[.dockerconfigjson]: ${redacted}: unexpected end of JSON input`],
    },
    'docker configuration of another shape': {
      object: { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('[]') } },
      expected: [
        `data[.dockerconfigjson]: ${redacted}: json: cannot unmarshal array into Go value of type map[string]interface {}`,
      ],
    },
    'docker configuration that is no JSON': {
      object: { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': base64('auths: {}') } },
      expected: [
        `data[.dockerconfigjson]: ${redacted}: invalid character 'a' looking for beginning of value`,
      ],
    },
    'too much': {
      object: { data: { a: Buffer.alloc(1024 * 1024 + 1).toString('base64') } },
      expected: ['data: Too long: may not be more than 1048576 bytes'],
    },
  };
  for (const [name, { object, expected }] of Object.entries(cases))
    test(name, () => assert.deepEqual(createErrors(secret, { metadata, ...object }), expected));

  test('stringData becomes data and wins over it', () => {
    const object: Secret = {
      metadata,
      data: { a: base64('old'), b: base64('kept') },
      stringData: { a: 'new', c: 'ä' },
    };
    assert.deepEqual(defaulted(secret, object), {
      metadata,
      type: 'Opaque',
      data: { a: base64('new'), b: base64('kept'), c: base64('ä') },
    });
  });

  test('type and, when immutable, data stay', () => {
    const old: Secret = {
      metadata,
      type: 'kubernetes.io/basic-auth',
      immutable: true,
      data: { username: '' },
    };
    const detail = 'Forbidden: field is immutable when `immutable` is set';
    assert.deepEqual(updateErrors(secret, { metadata, data: { username: 'AA==' } } as Secret, old), [
      'type: Invalid value: "Opaque": field is immutable',
      `immutable: ${detail}`,
      `data: ${detail}`,
    ]);
  });

  test('warns of certificates that are none', () => {
    const tls = (certificate: string, key: string): Secret => ({
      metadata,
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': base64(certificate), 'tls.key': base64(key) },
    });
    const pem = '-----BEGIN CERTIFICATE-----\n';
    assert.deepEqual(secret.warnings?.(tls('x', 'x')), [
      'tls: failed to find any PEM data in certificate input',
    ]);
    assert.deepEqual(secret.warnings?.(tls(pem, 'x')), ['tls: failed to find any PEM data in key input']);
    assert.deepEqual(secret.warnings?.(tls(pem, pem)), []);
  });

  test('shows type and number of keys, selects by type', () => {
    const object: Secret = { metadata, data: { a: '', b: '' } };
    assert.deepEqual(row(secret, object), { Name: 'token', Type: 'Opaque', Data: 2, Age: '<unknown>' });
    assert.deepEqual(secret.selectableFields?.(defaulted(secret, object)), { type: 'Opaque' });
  });
});

test('ServiceAccount counts its secrets', () => {
  const object = { metadata, secrets: [{ name: 'a' }] };
  assert.deepEqual(row(serviceAccount, object), { Name: 'token', Secrets: 1, Age: '<unknown>' });
});
