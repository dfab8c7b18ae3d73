import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { identityOf } from './identity.ts';

const raw = Buffer.from('certificate');
const valid_to = 'Nov 21 01:02:03 2026 GMT';
const expires = Date.UTC(2026, 10, 21, 1, 2, 3);
/** SHA-256 of the bytes above. */
const extra = {
  'authentication.kubernetes.io/credential-id': [
    'X509SHA256=03d66dd08835c1ca3f128cceacd1f31ac94163096b20f445ae84285bc0832d72',
  ],
};
const cases: Record<string, { certificate: object; authorized: boolean; user: unknown; refused: unknown }> = {
  'no certificate': { certificate: {}, authorized: false, user: undefined, refused: undefined },
  'a user in groups': {
    certificate: { raw, valid_to, subject: { CN: 'ada', O: ['a', 'b'] } },
    authorized: true,
    user: { name: 'ada', groups: ['a', 'b', 'system:authenticated'], extra },
    refused: undefined,
  },
  'a user in none': {
    certificate: { raw, valid_to, subject: { CN: 'ada' } },
    authorized: true,
    user: { name: 'ada', groups: ['system:authenticated'], extra },
    refused: undefined,
  },
  'several names: the last': {
    certificate: { raw, valid_to, subject: { CN: ['ada', 'bob'], O: 'a' } },
    authorized: true,
    user: { name: 'bob', groups: ['a', 'system:authenticated'], extra },
    refused: undefined,
  },
  'no name is nobody': {
    certificate: { raw, valid_to, subject: { O: 'system:masters' } },
    authorized: true,
    user: undefined,
    refused: undefined,
  },
  'a certificate that is not good': {
    certificate: { raw, valid_to, subject: { CN: 'ada', O: 'system:masters' } },
    authorized: false,
    user: undefined,
    refused: 'CERT_HAS_EXPIRED',
  },
};
for (const [name, { certificate, authorized, user, refused }] of Object.entries(cases))
  test(name, () => {
    const socket = {
      getPeerCertificate: () => certificate,
      authorized,
      authorizationError: 'CERT_HAS_EXPIRED',
    };
    const lasts = 'raw' in certificate ? expires : Number.POSITIVE_INFINITY;
    assert.deepEqual(identityOf(socket as unknown as TLSSocket), { user, refused, expires: lasts });
  });
