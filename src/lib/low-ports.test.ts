import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realPort } from './low-ports.ts';

test('low ports move up where they are not to be had', () => {
  const where = (lowPorts: boolean) => [1, 80, 1023, 1024, 8080].map((port) => realPort(port, { lowPorts }));
  assert.deepEqual(where(true), [1, 80, 1023, 1024, 8080]);
  assert.deepEqual(where(false), [10_001, 10_080, 11_023, 1024, 8080]);
});
