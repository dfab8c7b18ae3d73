import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { onAbort } from './abort.ts';

test('callbacks are called once, in their order, unless they were taken off', () => {
  const controller = new AbortController();
  const told: string[] = [];
  const tell = () => told.push('twice');
  onAbort(controller.signal, () => told.push('first'));
  const takeOff = onAbort(controller.signal, () => told.push('taken off'));
  onAbort(controller.signal, tell);
  onAbort(controller.signal, tell);
  takeOff();
  takeOff();
  assert.equal(getEventListeners(controller.signal, 'abort').length, 1);
  controller.abort();
  controller.abort();
  assert.deepEqual(told, ['first', 'twice', 'twice']);
});

test('one that is taken off by another at the abort is not called', () => {
  const controller = new AbortController();
  const told: string[] = [];
  onAbort(controller.signal, () => takeOff());
  const takeOff = onAbort(controller.signal, () => told.push('too late'));
  controller.abort();
  assert.deepEqual(told, []);
});
