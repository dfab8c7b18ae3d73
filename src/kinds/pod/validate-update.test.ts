import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod, PodSpec } from '../generated/types.ts';
import { pod } from '../pod.ts';
import { created, updateErrors } from '../test-kit.ts';

const withSpec = (spec: Partial<PodSpec>, annotations?: Record<string, string>): Pod => ({
  metadata: { name: 'web', annotations },
  spec: { containers: [{ name: 'web', image: 'nginx:1' }], ...spec },
});
/** As a client sends it back: with what create has added. */
const again = (old: Pod, spec: Partial<PodSpec>): Pod => {
  const now = created(pod, old);
  return { ...now, spec: { ...(now.spec as PodSpec), ...spec } };
};

const sentence =
  'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n';
const noGate = { schedulingGates: [{ name: 'example.com/wait' }] };
const term = (values: string[]) => ({ matchExpressions: [{ key: 'zone', operator: 'In', values }] });
const affinity = (terms: ReturnType<typeof term>[]) => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } },
});

const plain = withSpec({});
const cases: Record<string, [old: Pod, change: Partial<PodSpec>, string[]]> = {
  nothing: [plain, {}, []],
  'another image': [plain, { containers: [{ name: 'web', image: 'nginx:2' }] }, []],
  'no image': [
    plain,
    { containers: [{ name: 'web', image: '' }] },
    ['spec.containers[0].image: Required value', 'spec.containers[0].image: Required value'],
  ],
  'another container': [
    plain,
    {
      containers: [
        { name: 'web', image: 'nginx:1' },
        { name: 'b', image: 'b' },
      ],
    },
    ['spec.containers: Forbidden: pod updates may not add or remove containers'],
  ],
  'another command and another node': [
    plain,
    { nodeName: 'node-1', containers: [{ name: 'web', image: 'nginx:1', command: ['sh'] }] },
    [`${sentence}+ containers[0].command: ["sh"]\n+ nodeName: "node-1"\n`],
  ],
  'a deadline, and a nearer one': [plain, { activeDeadlineSeconds: 5 }, []],
  'a later deadline': [
    withSpec({ activeDeadlineSeconds: 5 }),
    { activeDeadlineSeconds: 6 },
    ['spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value'],
  ],
  'no deadline any more': [
    withSpec({ activeDeadlineSeconds: 5 }),
    { activeDeadlineSeconds: undefined },
    ['spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value'],
  ],
  'fewer tolerations': [
    withSpec({ tolerations: [{ key: 'a', operator: 'Exists' }] }),
    { tolerations: [] },
    ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
  ],
  'a gate more': [
    plain,
    noGate,
    [
      "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'example.com/wait'",
    ],
  ],
  'a gate less': [withSpec(noGate), { schedulingGates: [] }, []],
  'a negative grace period becomes 1': [
    withSpec({ terminationGracePeriodSeconds: -1 }),
    { terminationGracePeriodSeconds: 1 },
    [],
  ],
  'another grace period': [
    plain,
    { terminationGracePeriodSeconds: 1 },
    [`${sentence}- terminationGracePeriodSeconds: 30\n+ terminationGracePeriodSeconds: 1\n`],
  ],
  'a gated pod`s node selector grows': [
    withSpec({ ...noGate, nodeSelector: { a: 'b' } }),
    { nodeSelector: { a: 'b', c: 'd' } },
    [],
  ],
  'a gated pod`s node selector changes': [
    withSpec({ ...noGate, nodeSelector: { a: 'b' } }),
    { nodeSelector: { a: 'c' } },
    [
      'spec.nodeSelector: Invalid value: {"a":"c"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    ],
  ],
  'a gated pod gets a node affinity': [withSpec(noGate), { affinity: affinity([term(['a'])]) }, []],
  'a gated pod`s node affinity changes': [
    withSpec({ ...noGate, affinity: affinity([term(['a'])]) }),
    { affinity: affinity([term(['b'])]) },
    [
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]: Invalid value: {"matchExpressions":[{"key":"zone","operator":"In","values":["b"]}]}: only additions are allowed (no mutations or deletions)',
    ],
  ],
  'a node selector without a gate': [
    plain,
    { nodeSelector: { a: 'b' } },
    [`${sentence}+ nodeSelector: {"a":"b"}\n`],
  ],
};

test('what may change in a pod', () => {
  for (const [name, [old, change, expected]] of Object.entries(cases))
    assert.deepEqual(updateErrors(pod, again(old, change), old), expected, name);
});

test('annotations that stay', () => {
  const mirror = { 'kubernetes.io/config.mirror': 'x' };
  const old = withSpec({ nodeName: 'n' }, mirror);
  const now = again(old, {});
  now.metadata = { name: 'web', annotations: {} };
  assert.deepEqual(updateErrors(pod, now, old), [
    'metadata.annotations[kubernetes.io/config.mirror]: Forbidden: may not remove or update mirror pod annotation',
  ]);
});
