import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TransportRequest } from '../../client/transport.ts';
import { TransportError } from '../../client/transport.ts';
import { StatusError } from '../../kinds/status.ts';
import { UserError } from '../../lib/errors.ts';
import { bearing, explained } from './dial.ts';

test('a token goes with every request', async () => {
  const sent: TransportRequest[] = [];
  const plain = {
    send: async (request: TransportRequest) => {
      sent.push(request);
      return { status: 200, headers: {}, body: new Uint8Array() };
    },
    close: async () => {},
  };
  const token = { id: 'abcdef', secret: '0123456789abcdef', authorityHash: '' };
  await bearing(plain, token).send({ method: 'GET', url: '/api', headers: { accept: 'x' } });
  assert.deepEqual(sent, [
    {
      method: 'GET',
      url: '/api',
      headers: { accept: 'x', authorization: 'Bearer abcdef.0123456789abcdef' },
    },
  ]);
});

describe('what a person must settle is told so; the rest may pass', () => {
  const tls = (code: string) =>
    new TransportError('GET /api got no answer', Object.assign(new Error(`TLS says ${code}`), { code }));
  const at = { server: 'https://172.30.0.1:6443', now: Date.UTC(2026, 0, 1) };
  const cases: Record<string, { failure: unknown; code: string; text: RegExp }> = {
    'a clock': {
      failure: tls('CERT_NOT_YET_VALID'),
      code: 'CLOCK_OFF',
      text: /not good at 2026-01-01T00:00:00/,
    },
    'a name': { failure: tls('ERR_TLS_CERT_ALTNAME_INVALID'), code: 'BAD_SERVER_NAME', text: /--tls-san/ },
    'another cluster': {
      failure: tls('SELF_SIGNED_CERT_IN_CHAIN'),
      code: 'WRONG_CLUSTER',
      text: /not the cluster that this node has joined/,
    },
    'a token': {
      failure: new StatusError(401, 'Unauthorized', 'Unauthorized'),
      code: 'BAD_JOIN_TOKEN',
      text: /unknown or has expired/,
    },
    'no permission': {
      failure: new StatusError(403, 'Forbidden', 'not you'),
      code: 'JOIN_REFUSED',
      text: /: not you$/,
    },
  };
  for (const [name, { failure, code, text }] of Object.entries(cases))
    test(name, () => {
      const told = explained(failure, at);
      assert.ok(told instanceof UserError);
      assert.equal(told.code, code);
      assert.match(told.message, text);
    });

  for (const failure of [tls('ECONNREFUSED'), new StatusError(503, 'ServiceUnavailable', 'starting')])
    test(`${failure.message}, which may pass`, () => assert.equal(explained(failure, at), failure));
});
