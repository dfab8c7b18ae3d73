import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  clientSigner,
  type SampleRequest,
  sampleRequest,
  servingSigner,
} from '../../test/certificate-requests.ts';
import { requeueAfter } from '../client/change.ts';
import { fixedView } from '../client/fixed-view.ts';
import { csrApproving } from './csr-approving.ts';

const now = Date.UTC(2026, 0, 1);
const nodeUser = { username: 'system:node:n1', groups: ['system:nodes', 'system:authenticated'] };
const serving = {
  ...nodeUser,
  signerName: servingSigner,
  usages: ['digital signature', 'server auth'],
  wanted: { names: ['n1', '10.0.0.1'] },
};
const node = (name: string, ...addresses: string[]) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
});

const approving = csrApproving(['198.51.100.1', 'FD00:0::5', 'api.example']);

function reconcile(sample: SampleRequest, ...nodes: object[]) {
  const objects = [sampleRequest(sample), ...nodes] as never;
  return approving.reconcile('csr-1', fixedView(approving, { now, objects }));
}

const self = 'Auto approving self kubelet client certificate after SubjectAccessReview.';
const joining = 'Auto approving kubelet client certificate after SubjectAccessReview.';
const own = "Auto approving kubelet server certificate for the node's own name and addresses.";

describe('a request is approved, left, or looked at again', () => {
  type Case = [name: string, sample: SampleRequest, nodes: object[], expected: string | 'later' | undefined];
  const cases: Case[] = [
    ['a node that joins with a token', {}, [], joining],
    ['a node that renews', nodeUser, [], self],
    [
      'a node that asks for another’s certificate',
      { ...nodeUser, wanted: { commonName: 'system:node:n2' } },
      [],
      undefined,
    ],
    [
      'somebody else who asks for a node’s certificate',
      { username: 'jane', groups: ['system:authenticated'] },
      [],
      undefined,
    ],
    ['a name like a node’s without its group', { username: 'system:node:n1', groups: [] }, [], undefined],
    ['a request that is not as nodes make them', { usages: ['client auth', 'server auth'] }, [], undefined],
    ['a group more', { wanted: { organizations: ['system:nodes', 'system:masters'] } }, [], undefined],
    ['another signer', { signerName: 'kubernetes.io/kube-apiserver-client' }, [], undefined],
    ['a serving certificate, before the node is registered', serving, [], own],
    ['a serving certificate, and the node is there', serving, [node('n1', '10.0.0.1')], own],
    ['a serving certificate for another’s address', serving, [node('n2', '10.0.0.1')], 'later'],
    [
      'the same address in another form',
      { ...serving, wanted: { names: ['fd00::1'] } },
      [node('n2', 'fd00:0::1')],
      'later',
    ],
    [
      'a serving certificate for another name',
      { ...serving, wanted: { names: ['kubernetes'] } },
      [],
      'later',
    ],
    [
      'a serving certificate for the address at which pods find the API server',
      { ...serving, wanted: { names: ['n1', '10.96.0.1'] } },
      [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { namespace: 'default', name: 'kubernetes' },
          spec: { clusterIPs: ['10.96.0.1'] },
        },
      ],
      'later',
    ],
    [
      'a serving certificate for an address of the API server, also of a node on its machine',
      { ...serving, wanted: { names: ['n1', '198.51.100.1'] } },
      [node('n1', '198.51.100.1')],
      'later',
    ],
    [
      'the same of IPv6, in another form',
      { ...serving, wanted: { names: ['n1', 'fd00::5'] } },
      [node('n1', 'fd00::5')],
      'later',
    ],
    [
      'a serving certificate of a node that has the name of the API server’s certificate',
      {
        ...serving,
        username: 'system:node:api.example',
        wanted: { commonName: 'system:node:api.example', names: ['api.example'] },
      },
      [],
      'later',
    ],
    [
      'a serving certificate for loopback',
      { ...serving, wanted: { names: ['n1', '127.0.0.1'] } },
      [],
      'later',
    ],
    [
      'a serving certificate for localhost, as a node’s name',
      {
        ...serving,
        username: 'system:node:localhost',
        wanted: { commonName: 'system:node:localhost', names: ['localhost'] },
      },
      [],
      'later',
    ],
    [
      'a serving certificate of a node that is named like the API server',
      {
        ...serving,
        username: 'system:node:kubernetes.default.svc',
        wanted: { commonName: 'system:node:kubernetes.default.svc', names: ['kubernetes.default.svc'] },
      },
      [],
      'later',
    ],
    [
      'a serving certificate of a node whose name stands for others',
      {
        ...serving,
        username: 'system:node:*.default.svc',
        wanted: { commonName: 'system:node:*.default.svc', names: ['*.default.svc'] },
      },
      [],
      'later',
    ],
    [
      'a serving certificate by a token',
      { ...serving, username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] },
      [],
      undefined,
    ],
    ['a serving certificate of another node', { ...serving, username: 'system:node:n2' }, [], undefined],
    ['one that is approved already', { conditions: ['Approved'] }, [], undefined],
    ['one that is denied already', { conditions: ['Denied'] }, [], undefined],
  ];
  for (const [name, sample, nodes, expected] of cases)
    test(name, () => {
      const changes = reconcile(sample, ...nodes);
      if (expected === undefined) assert.deepEqual(changes, []);
      else if (expected === 'later') assert.deepEqual(changes, [requeueAfter(10_000)]);
      else {
        const approved = sampleRequest(sample);
        const conditions = [{ type: 'Approved', status: 'True', reason: 'AutoApproved', message: expected }];
        assert.deepEqual(changes, [
          {
            type: 'update',
            kind: 'CertificateSigningRequest',
            // The key's signature is another one each time.
            object: { ...approved, spec: requestOf(changes), status: { conditions } },
            subresource: 'approval',
          },
        ]);
      }
    });
  const requestOf = (changes: Iterable<unknown>) =>
    ([...changes][0] as { object: { spec: object } }).object.spec;
});

test('a request that is gone, or on its way out, is left', () => {
  assert.deepEqual(approving.reconcile('csr-2', fixedView(approving, { now, objects: [] })), []);
  const going = sampleRequest({ signerName: clientSigner });
  going.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
  assert.deepEqual(
    approving.reconcile('csr-1', fixedView(approving, { now, objects: [going] as never })),
    [],
  );
});
