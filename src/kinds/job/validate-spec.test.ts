import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, JobSpec, PodTemplateSpec } from '../generated/types.ts';
import { job } from '../job.ts';
import { createErrors } from '../test-kit.ts';

const template: PodTemplateSpec = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'busybox:1' }] },
};
const uid = '0a1b';
const withSpec = (spec: Partial<JobSpec>): Job => ({
  metadata: { name: 'once', uid },
  spec: { template, ...spec },
});

const cases: Record<string, [Job, string[]]> = {
  'a good one': [withSpec({}), []],
  'pods that restart for ever': [
    withSpec({ template: { spec: { ...template.spec!, restartPolicy: 'Always' } } }),
    ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
  ],
  'less than nothing': [
    withSpec({ parallelism: -1, completions: -1, backoffLimit: -1, ttlSecondsAfterFinished: -1 }),
    ['parallelism', 'completions', 'backoffLimit', 'ttlSecondsAfterFinished'].map(
      (name) => `spec.${name}: Invalid value: -1: must be greater than or equal to 0`,
    ),
  ],
  'labels that are another`s': [
    withSpec({ template: { ...template, metadata: { labels: { 'job-name': 'x', 'controller-uid': 'y' } } } }),
    [
      `spec.template.metadata.labels[controller-uid]: Invalid value: {"job-name":"x","controller-uid":"y","batch.kubernetes.io/job-name":"once","batch.kubernetes.io/controller-uid":"0a1b"}: must be '0a1b'`,
      `spec.template.metadata.labels[job-name]: Invalid value: {"job-name":"x","controller-uid":"y","batch.kubernetes.io/job-name":"once","batch.kubernetes.io/controller-uid":"0a1b"}: must be 'once'`,
    ],
  ],
  'a selector that was not asked for': [
    withSpec({ selector: { matchLabels: { app: 'x' } } }),
    [
      'spec.selector: Invalid value: {"matchLabels":{"app":"x","batch.kubernetes.io/controller-uid":"0a1b"}}: `selector` not auto-generated',
      `spec.template.metadata.labels: Invalid value: ${JSON.stringify({ 'job-name': 'once', 'batch.kubernetes.io/job-name': 'once', 'controller-uid': uid, 'batch.kubernetes.io/controller-uid': uid })}: \`selector\` does not match template \`labels\``,
    ],
  ],
  'a manual selector': [
    withSpec({
      manualSelector: true,
      selector: { matchLabels: { app: 'x' } },
      template: { ...template, metadata: { labels: { app: 'x' } } },
    }),
    [],
  ],
  'no manual selector after all': [
    withSpec({ manualSelector: true }),
    [
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
    ],
  ],
  'indexes without a number': [
    withSpec({ completionMode: 'Indexed', parallelism: 100001 }),
    [
      'spec.completions: Required value: when completion mode is Indexed',
      'spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed',
    ],
  ],
  'limits per index without indexes': [
    withSpec({ backoffLimitPerIndex: 1, maxFailedIndexes: 1 }),
    [
      'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
      'spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode',
    ],
  ],
  'very many indexes': [
    withSpec({ completionMode: 'Indexed', completions: 100001, parallelism: 10001, backoffLimitPerIndex: 1 }),
    [
      'spec.maxFailedIndexes: Required value: must be specified when completions is above 100000',
      'spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index',
    ],
  ],
  'a mode that does not exist': [
    withSpec({ completionMode: 'Random' }),
    ['spec.completionMode: Unsupported value: "Random": supported values: "NonIndexed", "Indexed"'],
  ],
  'a manager without a domain': [
    withSpec({ managedBy: 'me' }),
    ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")'],
  ],
};

test('what is wrong with a job', () => {
  for (const [name, [object, expected]] of Object.entries(cases))
    assert.deepEqual(createErrors(job, object), expected, name);
});
