import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Interrupted, unlessAborted } from './interrupt.ts';

test('waiting ends with what is waited for, or with the abort, whichever is first', async () => {
  const over = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve(1), undefined), 1);
  assert.equal(await unlessAborted(Promise.resolve(1), over.signal), 1);
  await assert.rejects(unlessAborted(Promise.reject(new Error('no')), over.signal), { message: 'no' });
  const waiting = unlessAborted(new Promise<never>(() => {}), over.signal);
  over.abort();
  await assert.rejects(waiting, Interrupted);
  await assert.rejects(unlessAborted(new Promise<never>(() => {}), over.signal), Interrupted);
});
