import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { authorityOf, requestPem } from '../../../test/certificate-requests.ts';
import { make, merge, mergePatch } from '../rest/testing.ts';
import { startTestServer, type TestServer } from '../test-server.ts';

const url = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const { certificate } = await authorityOf(Date.UTC(2026, 0, 1));
const joining = { name: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:authenticated'] };

const request = (name: string, spec: object = {}, wanted: object = {}) => ({
  metadata: { name },
  spec: {
    request: Buffer.from(requestPem(wanted)).toString('base64'),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
    ...spec,
  },
});
const approved = { type: 'Approved', status: 'True', reason: 'Kind', message: 'why not' };

describe('certificate signing requests', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  test('an approval gets its times; another write keeps them', async () => {
    await make(server, url, request('a'));
    const now = '2026-01-01T00:00:00Z';
    const first = await merge(server, `${url}/a/approval`, { status: { conditions: [approved] } });
    assert.deepEqual(first.status, {
      conditions: [{ ...approved, lastUpdateTime: now, lastTransitionTime: now }],
    });
    server.clock.advance(60_000);
    const again = { ...approved, message: 'again' };
    const second = await merge(server, `${url}/a/approval`, { status: { conditions: [again] } });
    assert.deepEqual(second.status.conditions, [
      { ...again, lastUpdateTime: '2026-01-01T00:01:00Z', lastTransitionTime: now },
    ]);
  });

  test('approval and issuing are two things', async () => {
    await make(server, url, request('a'));
    const issued = Buffer.from(certificate).toString('base64');
    await merge(server, `${url}/a/approval`, { status: { conditions: [approved], certificate: issued } });
    const { body } = await server.call('GET', `${url}/a`);
    assert.equal(body.status.certificate, undefined);
    const signed = await merge(server, `${url}/a/status`, { status: { certificate: issued } });
    assert.deepEqual([signed.status.certificate, signed.status.conditions.length], [issued, 1]);
    const other = await server.call('PATCH', `${url}/a/status`, {
      body: { status: { certificate: null } },
      headers: mergePatch,
    });
    assert.deepEqual(
      [other.status, other.body.message],
      [
        422,
        'CertificateSigningRequest.certificates.k8s.io "a" is invalid: status.certificate: Forbidden: updates may not modify existing certificate content',
      ],
    );
  });

  test('nobody asks to be an administrator', async () => {
    const body = request('a', {}, { commonName: 'jane', organizations: ['dev', 'system:masters'] });
    const answer = await server.call('POST', url, { body });
    assert.deepEqual(
      [answer.status, answer.body.message],
      [
        403,
        'certificatesigningrequests.certificates.k8s.io "a" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
      ],
    );
    // Other signers look for themselves.
    await make(server, url, { ...body, spec: { ...body.spec, signerName: 'example.com/signer' } });
  });

  test('who joins may neither approve nor sign', async () => {
    await make(server, url, request('a'));
    for (const subresource of ['approval', 'status']) {
      const { status } = await server.call('PATCH', `${url}/a/${subresource}`, {
        user: joining,
        body: { status: { conditions: [approved] } },
        headers: mergePatch,
      });
      assert.equal(status, 403);
    }
  });

  test('what was asked stays, and whose name it is in', async () => {
    const { spec } = await make(server, url, request('a'));
    const changed = await merge(server, `${url}/a`, { spec: { username: 'root', usages: ['any'] } });
    assert.deepEqual(changed.spec, spec);
    const status = await merge(server, `${url}/a/status`, { spec: { username: 'root' } });
    assert.deepEqual(status.spec, spec);
  });
});
