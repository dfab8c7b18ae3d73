import assert from 'node:assert/strict';
import { test } from 'node:test';
import { badRequestError, tooManyRequestsError } from '../../kinds/status.ts';
import { publicError, rawStatusMessage, statusResponse } from './status-response.ts';

test('a Status with what HTTP wants to know', () => {
  const response = statusResponse(tooManyRequestsError('later', 7), { connection: 'close' });
  assert.deepEqual(
    { ...response, body: JSON.parse(Buffer.concat(response.body as Uint8Array[]).toString()) },
    {
      status: 429,
      headers: {
        'content-type': 'application/json',
        'cache-control': 'no-cache, private',
        'retry-after': '7',
        connection: 'close',
      },
      body: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'later',
        reason: 'TooManyRequests',
        details: { retryAfterSeconds: 7 },
        code: 429,
      },
    },
  );
});

test('of an error that is not meant for clients nothing is told', () => {
  assert.equal(publicError(badRequestError('mine')).message, 'mine');
  for (const failure of [new Error('secret'), 'secret', undefined]) {
    const { httpCode, message } = publicError(failure);
    assert.equal(httpCode, 500);
    assert.doesNotMatch(message, /secret/);
  }
});

test('a message for a bare socket', () => {
  const body =
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"ключ","reason":"BadRequest","code":400}\n';
  assert.equal(
    rawStatusMessage(badRequestError('ключ')),
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncache-control: no-cache, private\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
});
