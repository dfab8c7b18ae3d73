import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { parseCertificateRequest } from '../lib/certificate-request.ts';
import { issueAuthority } from './issue.ts';
import { makeCertificateRequest, makePrivateKey, signRequest } from './sign-request.ts';

const now = Date.UTC(2026, 10, 1);
const minute = 60_000;
const day = 24 * 3600 * 1000;
const authority = await issueAuthority(now);
const key = await makePrivateKey();
const names = ['n1', '10.0.0.1', 'fd00::1'];
const wanted = { commonName: 'system:node:n1', organizations: ['system:nodes'], names };
const request = makeCertificateRequest(key, wanted);
const usages = ['digital signature', 'server auth'];

test('a request says what was wanted', () => {
  const { publicKey: _key, subject: _subject, ...rest } = parseCertificateRequest(request);
  assert.deepEqual(rest, {
    commonName: 'system:node:n1',
    organizations: ['system:nodes'],
    dnsNames: ['n1'],
    addresses: ['10.0.0.1', 'fd00::1'],
    emailAddresses: [],
    uris: [],
  });
});

test('the certificate is the authority’s, for the key, the names and the use that were asked for, and no authority itself', () => {
  const certificate = new X509Certificate(
    signRequest(authority, request, { usages, expirationSeconds: undefined, now }),
  );
  const issuer = new X509Certificate(authority.certificate);
  assert.ok(certificate.verify(issuer.publicKey) && certificate.checkIssued(issuer));
  assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
  assert.deepEqual(
    {
      subject: certificate.subject,
      names: certificate.subjectAltName,
      usage: certificate.keyUsage,
      authority: certificate.ca,
    },
    {
      subject: 'O=system:nodes\nCN=system:node:n1',
      names: 'DNS:n1, IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1',
      usage: ['1.3.6.1.5.5.7.3.1'],
      authority: false,
    },
  );
});

describe('it is good for', () => {
  const cases: Record<string, { seconds: number | undefined; at?: number; from: number; until: number }> = {
    'a year when nobody says': {
      seconds: undefined,
      from: now - 5 * minute,
      until: now + 365 * day - 5 * minute,
    },
    'as long as is asked': { seconds: 86_400, from: now - 5 * minute, until: now + day - 5 * minute },
    'a short time in full': { seconds: 3600, from: now - 5 * minute, until: now + 60 * minute },
    'ten minutes at least': { seconds: 600, from: now - 5 * minute, until: now + 10 * minute },
    'a year at most': {
      seconds: 10 * 365 * 86_400,
      from: now - 5 * minute,
      until: now + 365 * day - 5 * minute,
    },
    'no longer than the authority': {
      seconds: undefined,
      at: now + 3600 * day,
      from: now + 3600 * day - 5 * minute,
      until: now + 3650 * day,
    },
  };
  for (const [name, { seconds, at = now, from, until }] of Object.entries(cases))
    test(name, () => {
      const pem = signRequest(authority, request, { usages, expirationSeconds: seconds, now: at });
      const { validFromDate, validToDate } = new X509Certificate(pem);
      assert.deepEqual([validFromDate.getTime(), validToDate.getTime()], [from, until]);
    });
});

test('usages of keys are bits, the last ones in a second byte', () => {
  const pem = signRequest(authority, request, {
    usages: ['signing', 'cert sign', 'decipher only', 'any'],
    expirationSeconds: undefined,
    now,
  });
  const certificate = new X509Certificate(pem);
  // 03 03 07 84 80: seven unused bits; digitalSignature, keyCertSign, decipherOnly
  assert.ok(certificate.raw.includes(Buffer.from('0303078480', 'hex')));
  assert.deepEqual(certificate.keyUsage, ['2.5.29.37.0']);
});
