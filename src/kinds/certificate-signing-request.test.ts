import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateSigningRequest } from './certificate-signing-request.ts';
import type { CertificateSigningRequest, CertificateSigningRequestSpec } from './generated/types.ts';
import { createErrors, row } from './test-kit.ts';

const metadata = { name: 'ada' };
const spec: CertificateSigningRequestSpec = {
  request: (certificateSigningRequest.example as CertificateSigningRequest).spec.request,
  signerName: 'example.com/client',
  usages: ['client auth'],
};
const of = (changes: Partial<CertificateSigningRequestSpec>, status = {}): CertificateSigningRequest => ({
  metadata,
  spec: { ...spec, ...changes },
  status,
});

test('a CertificateSigningRequest says what is asked of whom', () => {
  const errors = (changes: Partial<CertificateSigningRequestSpec>): string[] =>
    createErrors(certificateSigningRequest, of(changes));
  assert.deepEqual(errors({ expirationSeconds: 600 }), []);
  assert.deepEqual(
    errors({ request: 'AAAA', usages: ['client auth', 'client auth'], expirationSeconds: 1 }),
    [
      'spec.request: Invalid value: "AAAA": PEM block type must be CERTIFICATE REQUEST',
      'spec.usages[1]: Duplicate value: "client auth"',
      'spec.expirationSeconds: Invalid value: 1: may not specify a duration less than 600 seconds (10 minutes)',
    ],
  );
  assert.deepEqual(errors({ signerName: 'client', usages: [] }), [
    'spec.usages: Required value',
    'spec.signerName: Invalid value: "client": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
  ]);
  assert.deepEqual(errors({ signerName: 'kubernetes.io/legacy-unknown' }), [
    'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
  ]);
  assert.deepEqual(errors({ signerName: '' }), ['spec.signerName: Required value']);
});

test('what is asked stays', () => {
  const old = of({});
  const object = of({ usages: ['server auth'] });
  certificateSigningRequest.prepareUpdate?.(object, old);
  assert.deepEqual(object, old);
});

test('a CertificateSigningRequest shows how far it has come', () => {
  const condition = (conditions: { type: string; status: string }[], certificate?: string): unknown =>
    row(certificateSigningRequest, of({}, { conditions, certificate })).Condition;
  const is = (type: string) => ({ type, status: 'True' });
  assert.equal(condition([]), 'Pending');
  assert.equal(condition([is('Approved')], 'AAAA'), 'Approved,Issued');
  assert.equal(condition([is('Denied'), is('Approved')]), 'Denied');
  assert.equal(condition([is('Approved'), is('Failed')]), 'Approved,Failed');
  assert.deepEqual(row(certificateSigningRequest, of({ username: 'ada', expirationSeconds: 3600 })), {
    Name: 'ada',
    Age: '<unknown>',
    SignerName: 'example.com/client',
    Requestor: 'ada',
    RequestedDuration: '60m',
    Condition: 'Pending',
  });
});
