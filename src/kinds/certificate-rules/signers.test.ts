import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requestPem } from '../../../test/certificate-requests.ts';
import { parseCertificateRequest } from '../../lib/certificate-request.ts';
import { clientFault, kubeletClientFault, kubeletServingFault } from './signers.ts';

type Case = [
  name: string,
  wanted: Parameters<typeof requestPem>[0],
  usages: string[],
  fault: string | undefined,
];

const client = ['digital signature', 'client auth'];
const serving = ['digital signature', 'server auth'];
const names = ['n1', '10.0.0.1'];

describe('a node’s client certificate', () => {
  const cases: Case[] = [
    ['as it should be', {}, client, undefined],
    ['for an RSA key', {}, ['key encipherment', ...client], undefined],
    ['of no group', { organizations: [] }, client, 'subject organization is not system:nodes'],
    [
      'of a second group',
      { organizations: ['system:nodes', 'system:masters'] },
      client,
      'subject organization is not system:nodes',
    ],
    ['with a DNS name', { names: ['n1'] }, client, 'DNS subjectAltNames are not allowed'],
    ['with an address', { names: ['10.0.0.1'] }, client, 'IP subjectAltNames are not allowed'],
    [
      'of another name',
      { commonName: 'jane' },
      client,
      'subject common name does not begin with system:node:',
    ],
    ['for a server', {}, serving, 'usages did not match [client auth digital signature key encipherment]'],
    [
      'for more',
      {},
      [...client, 'server auth'],
      'usages did not match [client auth digital signature key encipherment]',
    ],
  ];
  for (const [name, wanted, usages, fault] of cases)
    test(name, () =>
      assert.equal(kubeletClientFault(parseCertificateRequest(requestPem(wanted)), usages), fault),
    );
});

describe('the certificate with which a node serves', () => {
  const cases: Case[] = [
    ['as it should be', { names }, serving, undefined],
    ['for an address alone', { names: ['10.0.0.1'] }, serving, undefined],
    ['for nobody', {}, serving, 'DNS or IP subjectAltName is required'],
    [
      'of another group',
      { names, organizations: ['dev'] },
      serving,
      'subject organization is not system:nodes',
    ],
    [
      'of another name',
      { names, commonName: 'jane' },
      serving,
      'subject common name does not begin with system:node:',
    ],
    [
      'for a client',
      { names },
      client,
      'usages did not match [digital signature key encipherment server auth]',
    ],
  ];
  for (const [name, wanted, usages, fault] of cases)
    test(name, () =>
      assert.equal(kubeletServingFault(parseCertificateRequest(requestPem(wanted)), usages), fault),
    );
});

test('anybody’s client certificate', () => {
  assert.equal(clientFault(['client auth']), undefined);
  assert.equal(clientFault(['client auth', 'key encipherment', 'digital signature']), undefined);
  assert.equal(
    clientFault(['server auth', 'client auth']),
    'invalid usage for client certificate: server auth',
  );
  assert.equal(
    clientFault(['digital signature']),
    'missing required usage for client certificate: client auth',
  );
});
