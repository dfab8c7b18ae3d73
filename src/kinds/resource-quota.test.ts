import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ResourceQuota, ResourceQuotaSpec } from './generated/types.ts';
import { resourceQuota } from './resource-quota.ts';
import { createErrors, row, statusErrors, updateErrors } from './test-kit.ts';

const metadata = { name: 'quota', namespace: 'default' };
const of = (spec: ResourceQuotaSpec): string[] =>
  createErrors(resourceQuota, { metadata, spec } as ResourceQuota);

describe('ResourceQuota', () => {
  test('counts resources that can be counted', () => {
    assert.deepEqual(
      of({ hard: { pods: '10', 'count/jobs.batch': '2', 'requests.hugepages-2Mi': '1Gi' } }),
      [],
    );
    assert.deepEqual(of({ hard: { storage: '1', books: '1', pods: '500m', cpu: '-1' } }), [
      'spec.hard[books]: Invalid value: "books": must be a standard resource type or fully qualified',
      'spec.hard[books]: Invalid value: "books": must be a standard resource for quota',
      'spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.hard[pods]: Invalid value: "500m": must be an integer',
      'spec.hard[storage]: Invalid value: "storage": must be a standard resource for quota',
    ]);
  });

  test('scopes fit each other and what they count', () => {
    assert.deepEqual(of({ hard: { pods: '1', cpu: '1' }, scopes: ['NotTerminating'] }), []);
    assert.deepEqual(of({ hard: { cpu: '1' }, scopes: ['BestEffort', 'NotBestEffort', 'Odd'] }), [
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Odd"]: unsupported scope applied to resource',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Odd"]: unsupported scope',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Odd"]: unsupported scope applied to resource',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Odd"]: conflicting scopes',
    ]);
  });

  test('scope selectors have operators that fit', () => {
    const matchExpressions = [
      { scopeName: 'BestEffort', operator: 'In', values: [] },
      { scopeName: 'PriorityClass', operator: 'Exists', values: ['high'] },
      { scopeName: 'PriorityClass', operator: 'Like' },
    ];
    const at = 'spec.scopeSelector.matchExpressions';
    assert.deepEqual(of({ scopeSelector: { matchExpressions } }), [
      `${at}.operator: Invalid value: "In": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
      `${at}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
      `${at}.values: Invalid value: ["high"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`,
      `${at}.operator: Invalid value: "Like": not a valid selector operator`,
    ]);
  });

  test('scopes stay', () => {
    const old = { metadata, spec: { scopes: ['BestEffort'] } } as ResourceQuota;
    assert.deepEqual(
      updateErrors(resourceQuota, { metadata, spec: { scopes: ['Terminating'] } } as ResourceQuota, old),
      ['spec.scopes: Invalid value: ["Terminating"]: field is immutable'],
    );
  });

  test('status is counted alike', () => {
    const status = { hard: { pods: '1' }, used: { pods: '-1' } };
    assert.deepEqual(
      statusErrors(resourceQuota, { metadata, status } as ResourceQuota, { metadata } as ResourceQuota),
      ['status.used[pods]: Invalid value: "-1": must be greater than or equal to 0'],
    );
  });

  test('shows what is used of what there is', () => {
    const status = {
      hard: { pods: '10', 'limits.cpu': '4', 'requests.cpu': '2', 'limits.memory': '8Gi' },
      used: { pods: '3', 'limits.cpu': '1500m' },
    };
    assert.deepEqual(row(resourceQuota, { metadata, status } as ResourceQuota), {
      Name: 'quota',
      Request: 'pods: 3/10, requests.cpu: 0/2',
      Limit: 'limits.cpu: 1500m/4, limits.memory: 0/8Gi',
      Age: '<unknown>',
    });
  });
});
