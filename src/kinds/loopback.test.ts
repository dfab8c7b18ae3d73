import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loopbackMessage } from './ip-rules.ts';
import { allowLoopbackEndpoints } from './loopback.ts';
import { kinds } from './registry.ts';

const slice = (address: string) => ({
  metadata: { name: 'web', namespace: 'default' },
  addressType: 'IPv4',
  endpoints: [{ addresses: [address] }],
});
const messages = (all: typeof kinds, address: string) =>
  all
    .find(({ kind }) => kind === 'EndpointSlice')
    ?.validate?.(slice(address))
    .map(({ message }) => message);

test('loopback endpoints are allowed, and nothing else that is not', () => {
  const loose = allowLoopbackEndpoints(kinds);
  assert.deepEqual(messages(kinds, '127.244.0.5'), [`Invalid value: "127.244.0.5": ${loopbackMessage}`]);
  assert.deepEqual(messages(loose, '127.244.0.5'), []);
  assert.deepEqual(messages(loose, '169.254.0.5'), messages(kinds, '169.254.0.5'));
  assert.equal(loose.length, kinds.length);
});
