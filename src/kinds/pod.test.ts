import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod, PodSpec } from './generated/types.ts';
import { pod } from './pod.ts';
import { created } from './test-kit.ts';

const withSpec = (spec: Partial<PodSpec>, more: Partial<Pod> = {}): Pod => ({
  metadata: { name: 'web' },
  spec: { containers: [{ name: 'web', image: 'nginx:1' }], ...spec },
  ...more,
});

test('a new pod has a status of its own', () => {
  const object = withSpec({}, { status: { phase: 'Running', podIP: '10.0.0.1' } });
  assert.deepEqual(created(pod, object).status, { phase: 'Pending', qosClass: 'BestEffort' });
  assert.deepEqual(created(pod, withSpec({ schedulingGates: [{ name: 'a' }] })).status, {
    phase: 'Pending',
    qosClass: 'BestEffort',
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      },
    ],
  });
});

const graceCases: Record<string, [Pod, asked: number | undefined, number]> = {
  'as the pod says': [withSpec({ nodeName: 'n', terminationGracePeriodSeconds: 7 }), undefined, 7],
  'as asked': [withSpec({ nodeName: 'n', terminationGracePeriodSeconds: 7 }), 3, 3],
  'at once, as asked': [withSpec({ nodeName: 'n', terminationGracePeriodSeconds: 7 }), 0, 0],
  'less than nothing is one': [withSpec({ nodeName: 'n', terminationGracePeriodSeconds: -5 }), undefined, 1],
  'on no node': [withSpec({ terminationGracePeriodSeconds: 7 }), 3, 0],
  'already ended': [withSpec({ nodeName: 'n' }, { status: { phase: 'Succeeded' } }), 3, 0],
  'already failed': [withSpec({ nodeName: 'n' }, { status: { phase: 'Failed' } }), undefined, 0],
};

test('how long a delete waits', () => {
  for (const [name, [object, asked, expected]] of Object.entries(graceCases))
    assert.equal(pod.deletionGraceSeconds?.(object, asked), expected, name);
});

test('fields to select by', () => {
  const object = created(pod, withSpec({ nodeName: 'n', hostNetwork: true, serviceAccountName: 'sa' }));
  assert.deepEqual(pod.selectableFields?.(object), {
    'spec.nodeName': 'n',
    'spec.restartPolicy': 'Always',
    'spec.schedulerName': 'default-scheduler',
    'spec.serviceAccountName': 'sa',
    'spec.hostNetwork': 'true',
    'status.phase': 'Pending',
    'status.podIP': '',
    'status.nominatedNodeName': '',
  });
});
