import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type SampleRequest, sampleRequest, servingSigner } from '../../test/certificate-requests.ts';
import { fixedView } from '../client/fixed-view.ts';
import { csrSigning } from './csr-signing.ts';

const now = Date.UTC(2026, 0, 1);

/** What was signed, and how; and the changes. */
function reconcile(sample: SampleRequest) {
  const signed: object[] = [];
  const controller = csrSigning((_request, options) => {
    signed.push(options);
    return 'CERTIFICATE';
  });
  const view = fixedView(controller, { now, objects: [sampleRequest(sample)] as never });
  const [change] = controller.reconcile('csr-1', view) as {
    type: string;
    subresource?: string;
    object?: { status?: { certificate?: string; conditions?: object[] } };
  }[];
  return { signed, subresource: change?.subresource, status: change?.object?.status };
}

const approved = { conditions: ['Approved'] };
const certificate = Buffer.from('CERTIFICATE').toString('base64');

describe('what was approved is signed, for as long as was asked', () => {
  const cases: [name: string, sample: SampleRequest][] = [
    ['a node’s client', {}],
    [
      'a node’s server',
      { signerName: servingSigner, usages: ['digital signature', 'server auth'], wanted: { names: ['n1'] } },
    ],
    [
      'anybody’s client',
      {
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
        wanted: { commonName: 'jane' },
      },
    ],
    ['what came from the old API', { signerName: 'kubernetes.io/legacy-unknown', usages: ['any'] }],
  ];
  for (const [name, sample] of cases)
    test(name, () => {
      const request = { ...sample, ...approved, expirationSeconds: 3600 };
      const { usages } = sampleRequest(request).spec;
      const { signed, subresource, status } = reconcile(request);
      assert.deepEqual(signed, [{ usages, expirationSeconds: 3600, now }]);
      assert.equal(subresource, 'status');
      assert.deepEqual([status?.certificate, status?.conditions?.length], [certificate, 1]);
    });
});

describe('what the signer does not sign fails, and says why', () => {
  const cases: [name: string, sample: SampleRequest, message: string][] = [
    [
      'a client with another’s group',
      { wanted: { organizations: ['dev'] } },
      'subject organization is not system:nodes',
    ],
    [
      'a server without names',
      { signerName: servingSigner, usages: ['digital signature', 'server auth'] },
      'DNS or IP subjectAltName is required',
    ],
    [
      'a client that wants to serve',
      { signerName: 'kubernetes.io/kube-apiserver-client', usages: ['server auth'] },
      'invalid usage for client certificate: server auth',
    ],
  ];
  for (const [name, sample, message] of cases)
    test(name, () => {
      const { signed, status } = reconcile({ ...sample, ...approved });
      assert.deepEqual(signed, []);
      assert.deepEqual(status?.conditions?.[1], {
        type: 'Failed',
        status: 'True',
        reason: 'SignerValidationFailure',
        message,
      });
    });
});

describe('nothing is done for', () => {
  const cases: [name: string, sample: SampleRequest][] = [
    ['what nobody has approved', {}],
    ['what was denied', { conditions: ['Denied'] }],
    ['what has failed', { conditions: ['Approved', 'Failed'] }],
    ['what has its certificate', { ...approved, certificate: 'CERTIFICATE' }],
    ['another signer’s', { ...approved, signerName: 'example.com/signer' }],
    ['what cannot be read', { ...approved, request: 'AAAA' }],
  ];
  for (const [name, sample] of cases)
    test(name, () => {
      const { signed, status } = reconcile(sample);
      assert.deepEqual([signed, status], [[], undefined]);
    });
});
