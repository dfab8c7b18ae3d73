import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, check, eventLine, put, remove } from './contract-tools.ts';
import { storeLimits } from './limits.ts';
import { checkCommit, evaluate } from './transaction.ts';

const states = new Map([['a', { revision: 5, createRevision: 3 }]]);
const decide = (...operations: Parameters<typeof evaluate>[0]) =>
  evaluate(operations, 10, (key) => states.get(key));

test('events stand in the order of the operations, without what changes nothing', () => {
  const outcome = decide(remove('b'), put('c', '1', 0), check('a', 5), put('a', '2'), remove('d', 0));
  assert.ok(outcome.committed);
  assert.equal(outcome.revision, 10);
  assert.deepEqual(outcome.events.map(eventLine), ['10 put c=1@10', '10 put a=2@3']);
});

test('a delete carries no value, whatever it was given', () => {
  const outcome = decide({ type: 'delete', key: 'a', value: bytes('x') });
  assert.ok(outcome.committed);
  assert.deepEqual(outcome.events.map(eventLine), ['10 delete a']);
});

test('without a change the revision is the current one', () => {
  assert.deepEqual(decide(check('a', 5), remove('b')), { committed: true, revision: 9, events: [] });
});

test('the first unmet expectation decides', () => {
  assert.deepEqual(decide(put('c', '1'), check('b', 1), put('a', '1', 3)), {
    committed: false,
    key: 'b',
    actual: 0,
  });
});

test('the size of a commit is its keys and values; a put needs a value', () => {
  assert.equal(checkCommit([put('ab', '123'), remove('c'), check('d', 1)], storeLimits), 7);
  assert.throws(() => checkCommit([{ type: 'put', key: 'a' }], storeLimits), TypeError);
});
