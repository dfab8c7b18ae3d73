import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StatusError } from '../kinds/status.ts';
import { failureOf, isStatus, objectOf, parseJson, statusErrorOf } from './answer.ts';
import { TransportError } from './transport.ts';

const answer = (status: number, body: string) => ({ status, headers: {}, body: Buffer.from(body) });

describe('answers', () => {
  test('good ones are objects', () => {
    assert.deepEqual(objectOf(answer(201, '{"a":1}')), { a: 1 });
    assert.throws(() => objectOf(answer(200, '<html>')), TransportError);
    const stream = { status: 200, headers: {}, body: { open: () => {}, cancel: () => {} } };
    assert.throws(() => objectOf(stream), TransportError);
  });

  test('a Status is thrown with all that it says', () => {
    const status = {
      kind: 'Status',
      code: 409,
      reason: 'Conflict',
      message: 'no',
      details: { name: 'web', causes: [{ reason: 'X' }] },
      metadata: { continue: 'token' },
    };
    assert.throws(
      () => objectOf(answer(409, JSON.stringify(status))),
      (error) =>
        error instanceof StatusError &&
        error.code === 'Conflict' &&
        error.details?.name === 'web' &&
        error.metadata.continue === 'token',
    );
    assert.ok(isStatus(status) && !isStatus({ kind: 'Pod' }) && !isStatus(null));
  });

  test('what a proxy says is quoted, and has the reason of its number', () => {
    const errors = [
      failureOf(answer(503, '<h1>Sorry</h1>')),
      failureOf(answer(404, '')),
      failureOf(answer(418, 'x')),
    ];
    assert.deepEqual(
      errors.map(({ httpCode, reason, message }) => [httpCode, reason, message]),
      [
        [503, 'ServiceUnavailable', 'the server answered 503 with "<h1>Sorry</h1>"'],
        [404, 'NotFound', 'the server answered 404 without saying why'],
        [418, '', 'the server answered 418 with "x"'],
      ],
    );
  });

  test('a Status without words', () => {
    const { httpCode, reason, message } = statusErrorOf({ kind: 'Status', code: 410 } as never);
    assert.deepEqual([httpCode, reason, message], [410, 'Expired', 'the server did not say why']);
  });

  test('bytes that are a part of a larger buffer are read as what they are', () => {
    assert.deepEqual(parseJson(Buffer.from('xx{"a":1}yy').subarray(2, 9)), { a: 1 });
  });
});
