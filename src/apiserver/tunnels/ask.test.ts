import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { systemClock } from '../../lib/system.ts';
import { type Asked, ask } from './ask.ts';

const options = () => ({ clock: systemClock, signal: new AbortController().signal });

const unsayable: Record<string, Asked> = {
  path: { method: 'GET', path: '/a b', headers: {} },
  method: { method: 'GET /x', path: '/', headers: {} },
  header: { method: 'GET', path: '/', headers: { x: 'a\r\nb: c' } },
};

for (const [name, asked] of Object.entries(unsayable))
  test(`a ${name} that HTTP/1.1 cannot say ends the connection`, async () => {
    const connection = new PassThrough();
    await assert.rejects(ask(connection, asked, options()), TypeError);
    assert.equal(connection.destroyed, true);
  });
