import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pod } from '../kinds/generated/types.ts';
import type { ObservedPod } from './observed.ts';
import { planPod } from './plan.ts';
import type { ProbeResults } from './plan-types.ts';
import {
  testObservedPod as observed,
  testObserved as seen,
  stepText,
  testContainer,
  testPod,
  testProbes,
  testSandbox,
} from './test-kit.ts';

interface Case {
  pod: Pod;
  observed: ObservedPod;
  probes?: ProbeResults;
  steps: string[];
}

function runCases(cases: Record<string, Case>): void {
  for (const [name, { pod, observed, probes = testProbes(), steps }] of Object.entries(cases))
    test(name, () => assert.deepEqual(planPod(pod, observed, probes).map(stepText), steps));
}

const pod = testPod({});
const never = testPod({ restartPolicy: 'Never' });
const onFailure = testPod({ restartPolicy: 'OnFailure' });
const two = { containers: [testContainer('a'), testContainer('b')] };
const deleted = testPod(
  {},
  { metadata: { deletionTimestamp: '2026-01-01T12:00:30Z', deletionGracePeriodSeconds: 5 } },
);

describe('a sandbox', () => {
  runCases({
    'is made for a new pod, with all of its containers': {
      pod: testPod(two),
      observed: observed([], []),
      steps: ['sandbox 0: NoSandbox', 'start app a #0', 'start app b #0'],
    },
    'stays while it is well': { pod, observed: observed([seen('web', 'running')]), steps: [] },
    'is replaced when it is not ready, and everything begins anew': {
      pod: testPod({ ...two, initContainers: [testContainer('i')] }),
      observed: observed(
        [seen('a', 'running'), seen('i', 'exited 0')],
        [testSandbox({ attempt: 2, state: 'NotReady' })],
      ),
      steps: ['kill pod: SandboxNotReady', 'sandbox 3 for sandbox-2: SandboxNotReady', 'start init i #1'],
    },
    'is replaced without a kill when nothing is left of it': {
      pod,
      observed: observed([seen('web', 'exited 137')], [testSandbox({ state: 'NotReady' })]),
      steps: ['sandbox 1 for sandbox-0: SandboxNotReady', 'start app web #1'],
    },
    'is not replaced for a pod that is not restarted': {
      pod: never,
      observed: observed([seen('web', 'exited 1')], [testSandbox({ state: 'NotReady' })]),
      steps: [],
    },
    'is replaced for those of such a pod that are always restarted': {
      pod: testPod({
        restartPolicy: 'Never',
        containers: [testContainer('web', { restartPolicy: 'Always' }), testContainer('side')],
      }),
      observed: observed(
        [seen('web', 'exited 1'), seen('side', 'exited 1')],
        [testSandbox({ state: 'NotReady' })],
      ),
      steps: ['sandbox 1 for sandbox-0: SandboxNotReady', 'start app web #1'],
    },
    'is not replaced for those of another pod that are never restarted': {
      pod: testPod({ containers: [testContainer('web', { restartPolicy: 'Never' })] }),
      observed: observed([seen('web', 'exited 1')], [testSandbox({ state: 'NotReady' })]),
      steps: [],
    },
    'is tried again for such a pod when it never came to a container': {
      pod: never,
      observed: observed([], [testSandbox({ state: 'NotReady' })]),
      steps: ['sandbox 1 for sandbox-0: SandboxNotReady', 'start app web #0'],
    },
    'is not replaced when everything has succeeded': {
      pod: onFailure,
      observed: observed([seen('web', 'exited 0')], [testSandbox({ state: 'NotReady' })]),
      steps: [],
    },
    'starts again only what has not succeeded': {
      pod: testPod({ ...two, restartPolicy: 'OnFailure' }),
      observed: observed(
        [seen('a', 'exited 0'), seen('b', 'exited 9')],
        [testSandbox({ state: 'NotReady' })],
      ),
      steps: ['sandbox 1 for sandbox-0: SandboxNotReady', 'start app b #1'],
    },
    'there is one of': {
      pod,
      observed: observed([], [testSandbox({ attempt: 1 }), testSandbox()]),
      steps: [
        'kill pod: SeveralSandboxesReady',
        'sandbox 2 for sandbox-1: SeveralSandboxesReady',
        'start app web #0',
      ],
    },
    'needs an address': {
      pod,
      observed: observed([], [testSandbox({ ips: [] })]),
      steps: ['kill pod: NoAddress', 'sandbox 1 for sandbox-0: NoAddress', 'start app web #0'],
    },
    "needs none in the node's network": {
      pod: testPod({ hostNetwork: true }),
      observed: observed([seen('web', 'running')], [testSandbox({ ips: [], network: 'NODE' })]),
      steps: [],
    },
    'has the network that the pod asks for': {
      pod: testPod({ hostNetwork: true }),
      observed: observed([]),
      steps: [
        'kill pod: NetworkModeChanged',
        'sandbox 1 for sandbox-0: NetworkModeChanged',
        'start app web #0',
      ],
    },
  });
});

describe('a container', () => {
  runCases({
    'is started when it is missing': { pod, observed: observed([]), steps: ['start app web #0'] },
    'is restarted after its end': {
      pod,
      observed: observed([seen('web', 'exited 0', { restartCount: 4 })]),
      steps: ['start app web #5'],
    },
    'that was made but not started is made again': {
      pod,
      observed: observed([seen('web', 'created')]),
      steps: ['start app web #1'],
    },
    'in an unknown state is killed first': {
      pod,
      observed: observed([seen('web', 'unknown')]),
      steps: [
        'kill web-0 in 30 s: Unknown: Container is in "unknown" state, try killing it before restart',
        'start app web #1',
      ],
    },
    'that failed its liveness probe is killed with the grace of the probe, and restarted': {
      pod: testPod({
        containers: [testContainer('web', { livenessProbe: { terminationGracePeriodSeconds: 3 } })],
      }),
      observed: observed([seen('web', 'running')]),
      probes: testProbes({ liveness: { 'web-0': 'Failure' } }),
      steps: [
        'kill web-0 in 3 s: LivenessProbe: Container web failed liveness probe, will be restarted',
        'start app web #1',
      ],
    },
    'that failed its startup probe ends, and is not restarted against the policy': {
      pod: testPod({ ...two, restartPolicy: 'Never' }),
      observed: observed([seen('a', 'running'), seen('b', 'running')]),
      probes: testProbes({ startup: { 'a-0': 'Failure' }, liveness: { 'b-0': 'Success' } }),
      steps: ['kill a-0 in 30 s: StartupProbe: Container a failed startup probe'],
    },
    'with another image is restarted in place, whatever the policy': {
      pod: testPod({ containers: [testContainer('web', { image: 'nginx:2' })], restartPolicy: 'Never' }),
      observed: observed([seen('web', 'running')]),
      steps: [
        'kill web-0 in 30 s: DefinitionChanged: Container web definition changed, will be restarted',
        'start app web #1',
      ],
    },
    'that has succeeded is left alone on failure-only restarts': {
      pod: testPod({ ...two, restartPolicy: 'OnFailure' }),
      observed: observed([seen('a', 'exited 0'), seen('b', 'running')]),
      steps: [],
    },
    'that was the last one ends the pod': {
      pod: never,
      observed: observed([seen('web', 'exited 1')]),
      steps: ['kill pod: NothingToRun'],
    },
    'has rules of its own': {
      pod: testPod({
        restartPolicy: 'Never',
        containers: [
          testContainer('web', {
            restartPolicy: 'Never',
            restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }],
          }),
        ],
      }),
      observed: observed([seen('web', 'exited 42')]),
      steps: ['start app web #1'],
    },
    'of a deleted pod is never started': {
      pod: deleted,
      observed: observed([seen('web', 'exited 0')]),
      steps: ['kill pod: NothingToRun'],
    },
    'for debugging is started once, before all others': {
      pod: testPod({ ephemeralContainers: [testContainer('debug'), testContainer('done')] }),
      observed: observed([seen('done', 'exited 1')]),
      steps: ['start ephemeral debug #0', 'start app web #0'],
    },
  });
});

describe('init containers', () => {
  const inits = testPod({ initContainers: [testContainer('one'), testContainer('two')] });
  const initsNever = testPod({ ...inits.spec, restartPolicy: 'Never' });
  runCases({
    'come first, one by one': {
      pod: inits,
      observed: observed([]),
      steps: ['start init one #0'],
    },
    'are waited for': { pod: inits, observed: observed([seen('one', 'running')]), steps: [] },
    'let the next one start': {
      pod: inits,
      observed: observed([seen('one', 'exited 0')]),
      steps: ['start init two #0'],
    },
    'are tried again when they fail': {
      pod: inits,
      observed: observed([seen('two', 'exited 1'), seen('one', 'exited 0')]),
      steps: ['start init two #1'],
    },
    'fail the pod where nothing is restarted': {
      pod: initsNever,
      observed: observed([seen('one', 'exited 1')]),
      steps: ['kill pod: InitContainerFailed'],
    },
    'that are done let the pod start, also when the first has left no trace': {
      pod: inits,
      observed: observed([seen('two', 'exited 0')]),
      steps: ['start app web #0'],
    },
    'without any trace are done once a container of the pod runs': {
      pod: inits,
      observed: observed([seen('web', 'running')]),
      steps: [],
    },
    'that could not be started are made again': {
      pod: inits,
      observed: observed([seen('one', 'created')]),
      steps: ['start init one #1'],
    },
    'in an unknown state are killed first': {
      pod: inits,
      observed: observed([seen('one', 'unknown')]),
      steps: [
        'kill one-0 in 30 s: Unknown: Init container is in "unknown" state, try killing it before restart',
        'start init one #1',
      ],
    },
  });
});

describe('sidecars', () => {
  const sidecar = testContainer('side', {
    restartPolicy: 'Always',
    startupProbe: {},
    livenessProbe: {},
  });
  const withSide = testPod({ initContainers: [sidecar, testContainer('init')] });
  const lastSide = testPod({ initContainers: [testContainer('init'), sidecar] });
  const started = testProbes({ startup: { 'side-0': 'Success' } });
  runCases({
    'are waited for until their startup probe succeeds': {
      pod: withSide,
      observed: observed([seen('side', 'running')]),
      steps: [],
    },
    'then let the next one start': {
      pod: withSide,
      observed: observed([seen('side', 'running')]),
      probes: started,
      steps: ['start init init #0'],
    },
    'that are last let the pod start': {
      pod: lastSide,
      observed: observed([seen('side', 'running'), seen('init', 'exited 0')]),
      probes: started,
      steps: ['start app web #0'],
    },
    'are restarted while initializing goes on': {
      pod: withSide,
      observed: observed([seen('init', 'running'), seen('side', 'exited 0')]),
      steps: ['start sidecar side #1'],
    },
    'are restarted whatever the pod says, beside what runs': {
      pod: testPod({ ...withSide.spec, restartPolicy: 'Never' }),
      observed: observed([seen('web', 'running'), seen('side', 'exited 1')]),
      steps: ['start sidecar side #1'],
    },
    'whose traces are gone are started again': {
      pod: withSide,
      observed: observed([seen('web', 'running')]),
      steps: ['start sidecar side #0'],
    },
    'that fail a probe are restarted': {
      pod: lastSide,
      observed: observed([seen('web', 'running'), seen('side', 'running')]),
      probes: testProbes({ startup: { 'side-0': 'Success' }, liveness: { 'side-0': 'Failure' } }),
      steps: [
        'kill side-0 in 30 s: LivenessProbe: Init container side failed liveness probe',
        'start sidecar side #1',
      ],
    },
    'that fail to start up hold the pod back': {
      pod: lastSide,
      observed: observed([seen('side', 'running'), seen('init', 'exited 0')]),
      probes: testProbes({ startup: { 'side-0': 'Failure' } }),
      steps: [
        'kill side-0 in 30 s: StartupProbe: Init container side failed startup probe',
        'start sidecar side #1',
      ],
    },
    'with another image are restarted in place': {
      pod: testPod({ initContainers: [{ ...sidecar, startupProbe: undefined, image: 'nginx:2' }] }),
      observed: observed([seen('web', 'running'), seen('side', 'running')]),
      steps: [
        'kill side-0 in 30 s: DefinitionChanged: Init container side definition changed',
        'start sidecar side #1',
      ],
    },
    'do not keep a pod alive': {
      pod: testPod({ ...withSide.spec, restartPolicy: 'Never' }),
      observed: observed([seen('web', 'exited 0'), seen('init', 'exited 0'), seen('side', 'running')]),
      probes: started,
      steps: ['kill pod: NothingToRun'],
    },
  });
});
