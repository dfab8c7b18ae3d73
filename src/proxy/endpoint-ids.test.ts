import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointIds } from './endpoint-ids.ts';
import { firstMark } from './layout.ts';

const at = (address: string, port = 8080) => ({ address, port });

test('an endpoint has its number, whoever else is there', () => {
  const [one, two, three] = endpointIds([at('10.244.0.2'), at('10.244.0.3'), at('10.244.0.3', 9090)]);
  assert.deepEqual(endpointIds([at('10.244.0.3'), at('10.244.0.9')])[0], two);
  assert.equal(new Set([one, two, three]).size, 3);
});

test('numbers are marks of ours, in 32 bits, each of one endpoint', () => {
  const many = Array.from({ length: 20_000 }, (_, index) => at(`10.244.${index >> 8}.${index & 255}`));
  const ids = endpointIds(many);
  assert.ok(ids.every((id) => (id & firstMark) >>> 0 === firstMark && id < 2 ** 32));
  assert.equal(new Set(ids).size, many.length);
});

test('the same endpoint twice, and so the same number, is told apart', () => {
  const [one, two] = endpointIds([at('10.244.0.2'), at('10.244.0.2')]);
  assert.notEqual(one, two);
});
