import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod, PodSpec, PodStatus } from '../generated/types.ts';
import { pod } from '../pod.ts';
import { statusErrors } from '../test-kit.ts';
import { withSpec } from './test-pods.ts';

const ended = { terminated: { exitCode: 0 } };
const container = { name: 'web', image: '', imageID: '', ready: false, restartCount: 0 };
const withStatus = (status: PodStatus, spec: Partial<PodSpec> = {}): Pod => ({ ...withSpec(spec), status });

const statusCases: Record<string, [now: Pod, old: Pod, string[]]> = {
  'the class is kept when it is left out': [
    withStatus({ phase: 'Running' }),
    withStatus({ qosClass: 'BestEffort' }),
    [],
  ],
  'the class changes': [
    withStatus({ qosClass: 'Guaranteed' }),
    withStatus({ qosClass: 'BestEffort' }),
    ['status.qosClass: Invalid value: "Guaranteed": field is immutable'],
  ],
  'a container that has ended comes back': [
    withStatus({ containerStatuses: [{ ...container, state: { running: {} } }] }, { restartPolicy: 'Never' }),
    withStatus({ containerStatuses: [{ ...container, state: ended }] }, { restartPolicy: 'Never' }),
    ['status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state'],
  ],
  'a container that restarts comes back': [
    withStatus({ containerStatuses: [{ ...container, state: { running: {} } }] }),
    withStatus({ containerStatuses: [{ ...container, state: ended }] }),
    [],
  ],
  'two addresses of one family': [
    withStatus({ podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] }),
    withStatus({}),
    [
      'status.podIPs: Invalid value: [{"ip":"10.0.0.1"},{"ip":"10.0.0.2"}]: may specify no more than one IP for each IP family',
    ],
  ],
  'two addresses of two families': [
    withStatus({ podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] }),
    withStatus({}),
    [],
  ],
  'the host`s addresses disagree': [
    withStatus({ hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.2' }] }),
    withStatus({}),
    ['status.hostIPs[0].ip: Invalid value: "10.0.0.2": must be equal to `hostIP`'],
  ],
  'a claim that the pod does not have': [
    withStatus({ resourceClaimStatuses: [{ name: 'gpu' }] }),
    withStatus({}),
    [
      'status.resourceClaimStatuses[0].name: Invalid value: "gpu": must match the name of an entry in `spec.resourceClaims`',
    ],
  ],
};

test('what may change in a pod`s status', () => {
  for (const [name, [now, old, expected]] of Object.entries(statusCases))
    assert.deepEqual(statusErrors(pod, now, old), expected, name);
});
