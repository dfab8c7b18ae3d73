import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench, object, ownedBy, pod } from './invariant-bench.ts';
import { controllerUid, isOwnedBy, nameOf, ownerIn } from './ownership.ts';

test('the controller of an object, as long as it is there', async () => {
  const { world, put, remove } = await bench();
  const owned = pod('a', { metadata: ownedBy('ReplicaSet', 'set') });
  await put('apps/replicasets', object('set'));
  assert.equal(controllerUid(owned), 'set');
  assert.equal(nameOf(ownerIn(world, 'apps/replicasets', owned) ?? pod('none')), 'default/set');
  assert.equal(ownerIn(world, 'apps/replicasets', pod('b')), undefined);
  assert.equal(isOwnedBy(owned, object('other')), false);
  await remove('apps/replicasets', 'set');
  assert.equal(ownerIn(world, 'apps/replicasets', owned), undefined);
  assert.equal(nameOf({ metadata: { name: 'node-1' } }), 'node-1');
});
