import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeContinue, encodeContinue, expiredContinue } from './continue.ts';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a token says where to go on, and at which revision', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      fc.stringMatching(/^[a-z0-9]+(-[a-z0-9]+)*(\/[a-z0-9]+([.-][a-z0-9]+)*)?$/),
      (revision, start) => {
        assert.deepEqual(decodeContinue(encodeContinue(revision, start)), { revision, start });
      },
    ),
    { interruptAfterTimeLimit: 500 },
  );
});

test('it has upstream’s shape, and can stand in a URL', () => {
  const token = encodeContinue(7, 'default/web');
  assert.match(token, /^[\w-]+$/);
  assert.deepEqual(JSON.parse(Buffer.from(token, 'base64url').toString()), {
    v: 'meta.k8s.io/v1',
    rv: 7,
    start: 'default/web',
  });
});

describe('what this server did not write is 400', () => {
  const good = { v: 'meta.k8s.io/v1', rv: 7, start: 'default/web' };
  const cases: [name: string, token: string][] = [
    ['noise', '%%%'],
    ['no JSON', Buffer.from('hello').toString('base64url')],
    ['nothing', encode(null)],
    ['a list', encode([])],
    ['another version', encode({ ...good, v: 'meta.k8s.io/v2' })],
    ['no start', encode({ ...good, start: '' })],
    ['a start that is no text', encode({ ...good, start: 7 })],
    ['a start with a zero byte', encode({ ...good, start: 'a\0b' })],
    ['a start that climbs out', encode({ ...good, start: '../secrets/default/key' })],
    ['a revision that is a text', encode({ ...good, rv: '7' })],
    ['a revision between two', encode({ ...good, rv: 7.5 })],
    ['revision 0', encode({ ...good, rv: 0 })],
    ['a revision below -1', encode({ ...good, rv: -2 })],
  ];
  for (const [name, token] of cases)
    test(name, () => assert.throws(() => decodeContinue(token), { httpCode: 400, reason: 'BadRequest' }));
});

test('one that is too old comes with another that goes on with the newest state', () => {
  const { code, reason, metadata } = expiredContinue('default/web').toStatus();
  assert.deepEqual([code, reason], [410, 'Expired']);
  assert.deepEqual(decodeContinue(metadata.continue ?? ''), {
    revision: undefined,
    start: 'default/web',
  });
});
