import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kinds } from '../kinds/registry.ts';
import type { Backend } from './context.ts';
import { perKind } from './per-kind.ts';

test('made once for each server, kind and subresource', () => {
  const made: string[] = [];
  const [one, other] = [{}, {}] as [Backend, Backend];
  const [pod, service] = ['Pod', 'Service'].map((name) => kinds.find(({ kind }) => kind === name)!);
  const ask = perKind((backend, { kind }, subresource) => {
    const text = `${backend === one ? 'one' : 'other'} ${kind} ${subresource}`;
    made.push(text);
    return [text];
  });
  for (let round = 0; round < 2; round++) {
    assert.deepEqual(ask(one, pod!), ['one Pod ']);
    assert.deepEqual(ask(one, pod!, 'status'), ['one Pod status']);
    assert.deepEqual(ask(one, service!), ['one Service ']);
    assert.deepEqual(ask(other, pod!), ['other Pod ']);
  }
  assert.deepEqual(made, ['one Pod ', 'one Pod status', 'one Service ', 'other Pod ']);
});
