import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Node } from './generated/types.ts';
import { node } from './node.ts';
import { createErrors, defaulted, row, updateErrors } from './test-kit.ts';

const metadata = { name: 'node-1' };
const noInfo = { kubeletVersion: '' };

describe('Node', () => {
  test('taints are of a known effect and unique', () => {
    const taint = { key: 'gpu', value: 'yes', effect: 'NoSchedule' };
    const object: Node = { metadata, spec: { taints: [taint, taint, { key: 'a b', effect: 'Never' }] } };
    assert.deepEqual(createErrors(node, object), [
      'metadata.taints[1]: Duplicate value: {"key":"gpu","value":"yes","effect":"NoSchedule"}: taints must be unique by key and effect pair',
      "metadata.taints[2].key: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      'metadata.taints[2].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ]);
  });

  test('one pod range for each family', () => {
    const of = (...podCIDRs: string[]): string[] =>
      createErrors(node, { metadata, spec: { podCIDRs } } as Node);
    assert.deepEqual(of('10.0.0.0/24', 'fd00::/64'), []);
    assert.deepEqual(of('10.0.0.0/24', '10.0.0.0/24'), [
      'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.0.0/24"]: may specify no more than one CIDR for each IP family',
      'spec.podCIDRs[1]: Duplicate value: "10.0.0.0/24"',
    ]);
  });

  test('amounts are whole where they count things', () => {
    const status = { capacity: { pods: '1500m', 'example.com/gpu': '500m', memory: '-1' } };
    assert.deepEqual(createErrors(node, { metadata, status } as Node), [
      ...['capacity', 'allocatable'].flatMap((field) => [
        `status.${field}.example.com/gpu: Invalid value: "500m": must be an integer`,
        `status.${field}.memory: Invalid value: "-1": must be greater than or equal to 0`,
        `status.${field}.pods: Invalid value: "1500m": must be an integer`,
      ]),
    ]);
  });

  test('pod ranges and provider are set once', () => {
    const old: Node = { metadata, spec: { podCIDR: '10.0.1.0/24', providerID: 'a://1' } };
    assert.deepEqual(
      updateErrors(node, { metadata, spec: { podCIDR: '10.0.2.0/24', providerID: 'a://2' } } as Node, old),
      [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
        'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
      ],
    );
    assert.deepEqual(updateErrors(node, old, { metadata } as Node), []);
  });

  test('addresses are not said twice', () => {
    const address = { type: 'InternalIP', address: '10.0.0.1' };
    const object: Node = { metadata, status: { addresses: [address, address] } };
    assert.deepEqual(updateErrors(node, object, { metadata }), [
      'status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}',
    ]);
  });

  test('allocatable is capacity unless said; the first range stands alone too', () => {
    const object = defaulted<Node>(node, {
      metadata,
      spec: { podCIDRs: ['10.0.1.0/24', 'fd00::/64'] },
      status: { capacity: { cpu: '4' } },
    });
    assert.equal(object.spec?.podCIDR, '10.0.1.0/24');
    assert.deepEqual(object.status?.allocatable, { cpu: '4' });
    assert.deepEqual(object.status?.daemonEndpoints, { kubeletEndpoint: { Port: 0 } });
  });

  test('the row of a working node', () => {
    const object: Node = {
      metadata: {
        name: 'node-1',
        creationTimestamp: '2026-01-01T00:00:00Z',
        labels: {
          'node-role.kubernetes.io/worker': '',
          'node-role.kubernetes.io/control-plane': '',
          'kubernetes.io/role': 'edge',
        },
      },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [
          { type: 'Hostname', address: 'node-1' },
          { type: 'InternalIP', address: '10.0.0.1' },
        ],
        nodeInfo: {
          ...noInfo,
          kubeletVersion: 'v1.36.0',
          osImage: 'Debian GNU/Linux 12 (bookworm)',
        } as never,
      },
    };
    assert.deepEqual(row(node, object, Date.parse('2026-01-03T00:00:00Z')), {
      Name: 'node-1',
      Status: 'Ready,SchedulingDisabled',
      Roles: 'control-plane,edge,worker',
      Age: '2d',
      Version: 'v1.36.0',
      'Internal-IP': '10.0.0.1',
      'External-IP': '<none>',
      'OS-Image': 'Debian GNU/Linux 12 (bookworm)',
      'Kernel-Version': '<unknown>',
      'Container-Runtime': '<unknown>',
    });
    assert.equal(row(node, { metadata }).Status, 'Unknown');
    const down: Node = { metadata, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } };
    assert.equal(row(node, down).Status, 'NotReady');
  });

  test('warns of fields that nothing heeds', () => {
    assert.deepEqual(node.warnings?.({ metadata, spec: { externalID: 'x' } } as Node), [
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
    ]);
  });
});
