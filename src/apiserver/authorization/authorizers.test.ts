import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Authorizer, noOpinion } from './attributes.ts';
import { firstToAllow } from './authorizers.ts';

const says = (allowed: boolean, reason: string): Authorizer => ({ authorize: () => ({ allowed, reason }) });
const asked = { user: { name: 'jane', groups: [] }, verb: 'get', path: '/x' };

test('the first that allows is heard; those who do not are told together', () => {
  const silent: Authorizer = { authorize: () => noOpinion };
  assert.deepEqual(firstToAllow([silent, says(true, 'one'), says(true, 'two')]).authorize(asked), {
    allowed: true,
    reason: 'one',
  });
  assert.deepEqual(firstToAllow([says(false, 'not you'), silent, says(false, 'not now')]).authorize(asked), {
    allowed: false,
    reason: 'not you\nnot now',
  });
  assert.deepEqual(firstToAllow([]).authorize(asked), noOpinion);
});
