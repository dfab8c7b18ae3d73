import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, PodSpec } from '../generated/types.ts';
import { aggregateAmounts, isSidecar, readAmounts } from './amounts.ts';

const asks = (cpu: string, more: Partial<Container> = {}): Container => ({
  name: cpu,
  resources: { requests: { cpu } },
  ...more,
});
const sidecar: Partial<Container> = { restartPolicy: 'Always' };
const sum = (spec: PodSpec): string | undefined => aggregateAmounts(spec, 'requests').get('cpu')?.text;

const cases: Record<string, [PodSpec, string | undefined]> = {
  nothing: [{ containers: [] }, undefined],
  'all containers together': [{ containers: [asks('100m'), asks('1')] }, '1100m'],
  'one init container that needs more': [
    { containers: [asks('1')], initContainers: [asks('2'), asks('3')] },
    '3',
  ],
  'init containers that need less': [
    { containers: [asks('4')], initContainers: [asks('2'), asks('3')] },
    '4',
  ],
  'sidecars beside the containers': [{ containers: [asks('1')], initContainers: [asks('2', sidecar)] }, '3'],
  'a sidecar before an init container': [
    { containers: [asks('1')], initContainers: [asks('2', sidecar), asks('5')] },
    '7',
  ],
  'a sidecar after an init container': [
    { containers: [asks('1')], initContainers: [asks('5'), asks('2', sidecar)] },
    '5',
  ],
};

test('what a pod needs at any one time', () => {
  assert.deepEqual(
    Object.entries(cases).map(([name, [spec]]) => [name, sum(spec)]),
    Object.entries(cases).map(([name, [, expected]]) => [name, expected]),
  );
});

test('what cannot be read is left out', () => {
  assert.deepEqual([...readAmounts({ cpu: 'x', memory: '1Gi' }).keys()], ['memory']);
  assert.deepEqual([undefined, { name: 'a' }, { name: 'b', ...sidecar }].map(isSidecar), [
    false,
    false,
    true,
  ]);
});
