import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitSchemeNamePort } from './scheme-name-port.ts';

const cases: [string, ReturnType<typeof splitSchemeNamePort>][] = [
  ['web', { scheme: '', name: 'web', port: '' }],
  ['web:80', { scheme: '', name: 'web', port: '80' }],
  ['web:', { scheme: '', name: 'web', port: '' }],
  ['https:web:', { scheme: 'https', name: 'web', port: '' }],
  ['http:web:http', { scheme: 'http', name: 'web', port: 'http' }],
  [':web:80', { scheme: '', name: 'web', port: '80' }],
  ['ftp:web:80', undefined],
  ['HTTPS:web:80', undefined],
  ['', undefined],
  [':80', undefined],
  ['https::80', undefined],
  ['https:web:80:x', undefined],
];
for (const [id, wanted] of cases)
  test(`${JSON.stringify(id)} is ${JSON.stringify(wanted)}`, () =>
    assert.deepEqual(splitSchemeNamePort(id), wanted));
