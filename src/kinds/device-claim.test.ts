import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimSpecDefaults } from './device-claim.ts';
import { deviceClass } from './device-class.ts';
import type {
  DeviceClass,
  ResourceClaimSpec,
  ResourceClaimTemplate,
  ResourceResourceClaim,
  ResourceSlice,
} from './generated/types.ts';
import { resourceClaim } from './resource-claim.ts';
import { resourceClaimTemplate } from './resource-claim-template.ts';
import { resourceSlice } from './resource-slice.ts';
import { createErrors, defaulted, row, updateErrors } from './test-kit.ts';

const metadata = { name: 'gpu', namespace: 'default' };
const request = (changes: object = {}) => ({
  name: 'gpu',
  exactly: { deviceClassName: 'gpu.example.com', ...changes },
});
const claim = (...requests: object[]): ResourceResourceClaim =>
  ({ metadata, spec: { devices: { requests } } }) as ResourceResourceClaim;

describe('claims for devices', () => {
  test('ask for one device unless said', () => {
    const spec: ResourceClaimSpec = { devices: { requests: [request()] } };
    claimSpecDefaults(spec);
    assert.deepEqual(spec.devices?.requests, [request({ allocationMode: 'ExactCount', count: 1 })]);
  });

  test('name class, mode and count', () => {
    assert.deepEqual(createErrors(resourceClaim, claim(request())), []);
    const bad = [
      request({ allocationMode: 'Some' }),
      request({ deviceClassName: '', allocationMode: 'All', count: 2 }),
      {
        name: 'both',
        exactly: { deviceClassName: 'a' },
        firstAvailable: [{ name: 'x', deviceClassName: 'a' }],
      },
      { name: 'none' },
    ];
    const shown = JSON.stringify(defaulted(resourceClaim, claim(...bad)).spec?.devices?.requests?.[2]);
    assert.deepEqual(createErrors(resourceClaim, claim(...bad)), [
      'spec.devices.requests[0].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"',
      'spec.devices.requests[1].exactly.deviceClassName: Required value',
      "spec.devices.requests[1].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
      'spec.devices.requests[1]: Duplicate value: "gpu"',
      `spec.devices.requests[2]: Invalid value: ${shown}: exactly one of \`exactly\` or \`firstAvailable\` is required, but multiple fields are set`,
      'spec.devices.requests[3]: Required value: exactly one of `exactly` or `firstAvailable` is required',
    ]);
  });

  test('stay as they are', () => {
    const [message] = updateErrors(resourceClaim, claim(request({ count: 2 })), claim(request()));
    assert.match(message ?? '', /^spec: Invalid value: .*: field is immutable$/);
    const template = (spec: ResourceClaimSpec) => ({ metadata, spec: { spec } }) as ResourceClaimTemplate;
    const changed = template({ devices: { requests: [request({ count: 2 })] } });
    assert.equal(updateErrors(resourceClaimTemplate, changed, template({})).length, 1);
  });

  test('show their state', () => {
    const state = (object: Partial<ResourceResourceClaim>): unknown =>
      row(resourceClaim, { ...claim(request()), ...object } as ResourceResourceClaim).State;
    const reservedFor = [{ resource: 'pods', name: 'web', uid: '1' }];
    assert.equal(state({}), 'pending');
    assert.equal(state({ status: { allocation: {}, reservedFor } }), 'allocated,reserved');
    assert.equal(
      state({ metadata: { ...metadata, deletionTimestamp: 'x' }, status: { allocation: {} } }),
      'deleted,allocated',
    );
  });
});

test('a DeviceClass may be empty', () => {
  assert.deepEqual(createErrors(deviceClass, { metadata } as DeviceClass), []);
});

test('a ResourceSlice is of one driver and says in one way where it is', () => {
  const slice = (changes: object): ResourceSlice =>
    ({
      metadata: { name: 'a' },
      spec: {
        driver: 'gpu.example.com',
        pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
        ...changes,
      },
    }) as ResourceSlice;
  const choice =
    'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  assert.deepEqual(createErrors(resourceSlice, slice({ nodeName: 'n' })), []);
  assert.deepEqual(createErrors(resourceSlice, slice({})), [`spec: Required value: ${choice}`]);
  assert.deepEqual(createErrors(resourceSlice, slice({ nodeName: 'n', allNodes: true })), [
    `spec: Invalid value: "{nodeName, allNodes}": ${choice}, but multiple fields are set`,
  ]);
  assert.deepEqual(updateErrors(resourceSlice, slice({ nodeName: 'm' }), slice({ nodeName: 'n' })), [
    'spec.nodeName: Invalid value: "m": field is immutable',
  ]);
  assert.deepEqual(resourceSlice.selectableFields?.(slice({ nodeName: 'n' })), {
    'spec.nodeName': 'n',
    'spec.driver': 'gpu.example.com',
  });
});
