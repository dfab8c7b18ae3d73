import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { answerHeaders, requestHeaders } from './proxy-headers.ts';

const sent = {
  ':authority': 'api:6443',
  ':path': '/x',
  authorization: 'Bearer secret',
  'impersonate-user': 'root',
  'x-remote-user': 'root',
  'x-remote-extra-scopes': 'all',
  'proxy-authorization': 'Basic secret',
  connection: 'keep-alive, X-Own',
  'x-own': 'for the next hop',
  'keep-alive': 'timeout=5',
  'transfer-encoding': 'chunked',
  te: 'trailers',
  upgrade: 'websocket',
  'sec-websocket-protocol': 'chat, base64url.bearer.authorization.k8s.io.c2VjcmV0',
  expect: '100-continue',
  cookie: 'kept=yes',
  accept: '*/*',
  'x-forwarded-for': '192.0.2.1',
};

test('to a backend goes what is meant for it', () => {
  const request = { headers: sent, remoteAddress: '192.0.2.2' };
  const kept = {
    host: 'api:6443',
    cookie: 'kept=yes',
    accept: '*/*',
    'x-forwarded-for': '192.0.2.1, 192.0.2.2',
    'sec-websocket-protocol': 'chat',
  };
  assert.deepEqual(requestHeaders(request, { upgrades: false }), kept);
  assert.deepEqual(requestHeaders(request, { upgrades: true }), {
    ...kept,
    connection: 'Upgrade',
    upgrade: 'websocket',
  });
});

test('to a client goes what is meant for it', () => {
  const headers = {
    connection: 'close, x-own',
    'x-own': '1',
    'keep-alive': '1',
    'transfer-encoding': 'chunked',
    'access-control-allow-origin': '*',
    'content-type': 'text/plain',
    'set-cookie': ['a=1', 'b=2'],
  };
  assert.deepEqual(answerHeaders({ headers } as unknown as IncomingMessage), {
    'content-type': 'text/plain',
    'set-cookie': ['a=1', 'b=2'],
  });
});
