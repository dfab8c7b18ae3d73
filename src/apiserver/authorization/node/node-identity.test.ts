import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nodeOf } from './node-identity.ts';

test('a node is who is named as one and in the group of nodes', () => {
  assert.equal(nodeOf({ name: 'system:node:n1', groups: ['system:nodes'] }), 'n1');
  assert.equal(nodeOf({ name: 'jane', groups: ['system:nodes'] }), '');
  assert.equal(nodeOf({ name: 'system:node:n1', groups: ['system:authenticated'] }), undefined);
  assert.equal(nodeOf({ name: 'jane', groups: [] }), undefined);
});
