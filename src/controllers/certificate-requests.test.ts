import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestPem, sampleRequest } from '../../test/certificate-requests.ts';
import { hasCondition, isIssued, parsedRequest, pemOfRequest } from './certificate-requests.ts';

test('how far a request has come', () => {
  const request = sampleRequest({ conditions: ['Approved'] });
  assert.deepEqual(
    [hasCondition(request, 'Approved'), hasCondition(request, 'Denied'), isIssued(request)],
    [true, false, false],
  );
  assert.equal(isIssued(sampleRequest({ certificate: 'PEM' })), true);
});

test('what it says, or that it says nothing', () => {
  assert.equal(parsedRequest(sampleRequest())?.commonName, 'system:node:n1');
  assert.equal(parsedRequest(sampleRequest({ request: 'AAAA' })), undefined);
  const pem = requestPem();
  assert.equal(pemOfRequest(sampleRequest({ request: Buffer.from(pem).toString('base64') })), pem);
});
