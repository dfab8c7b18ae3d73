import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, JobStatus, PodSpec, PodTemplateSpec } from '../generated/types.ts';
import { validateTemplateUpdate } from './validate-template.ts';

const template = (spec: Partial<PodSpec> = {}): PodTemplateSpec => ({
  metadata: { labels: { app: 'once' } },
  spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1' }], ...spec },
});
const jobOf = (suspend: boolean, of: PodTemplateSpec = template(), status: JobStatus = {}): Job => ({
  metadata: { name: 'once' },
  spec: { suspend, template: of },
  status,
});
const started = '2026-11-21T11:59:00Z';
const stopped: JobStatus = { startTime: started, conditions: [{ type: 'Suspended', status: 'True' }] };
const bigger = template({
  containers: [
    { name: 'c', image: 'busybox:1', resources: { requests: { cpu: '4' }, limits: { cpu: '4' } } },
  ],
});
const elsewhere = template({
  nodeSelector: { zone: 'a' },
  tolerations: [{ key: 'gpu', operator: 'Exists' }],
  schedulingGates: [{ name: 'example.com/wait' }],
  affinity: {
    nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: {} }] },
  },
});
const labelled: PodTemplateSpec = { ...template(), metadata: { labels: { app: 'once', more: 'x' } } };
const otherImage = template({ containers: [{ name: 'c', image: 'busybox:2' }] });

const cases: Record<string, { old: Job; now: Job; allowed: boolean }> = {
  'a Job that runs': { old: jobOf(false), now: jobOf(false, elsewhere), allowed: false },
  'suspended, where it runs': { old: jobOf(true), now: jobOf(true, elsewhere), allowed: true },
  'suspended, what it takes': { old: jobOf(true), now: jobOf(true, bigger), allowed: true },
  'suspended, its labels': { old: jobOf(true), now: jobOf(true, labelled), allowed: true },
  'suspended, its image': { old: jobOf(true), now: jobOf(true, otherImage), allowed: false },
  'resumed in the same update': { old: jobOf(true), now: jobOf(false, elsewhere), allowed: true },
  'suspended in the same update': { old: jobOf(false), now: jobOf(true, elsewhere), allowed: false },
  'started, and not yet known to be suspended': {
    old: jobOf(true, template(), { startTime: started }),
    now: jobOf(true, bigger),
    allowed: false,
  },
  'started, and suspended': {
    old: jobOf(true, template(), stopped),
    now: jobOf(true, bigger),
    allowed: true,
  },
  'suspended, with pods that are there still': {
    old: jobOf(true, template(), { ...stopped, active: 1 }),
    now: jobOf(true, bigger),
    allowed: false,
  },
};

test('what may change in the template', () => {
  for (const [name, { old, now, allowed }] of Object.entries(cases)) {
    const said = validateTemplateUpdate(now, old).map(({ message }) => message);
    assert.deepEqual([name, said.length], [name, allowed ? 0 : 1]);
    assert.match(said[0] ?? 'field is immutable', /field is immutable$/);
  }
});
