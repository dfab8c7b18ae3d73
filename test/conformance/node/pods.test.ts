/**
 * What becomes of pods when they are changed, deleted, refused or ill. Source of the cases: test/e2e/node/pods.go,
 * test/e2e/node/pod_admission.go, test/e2e/common/node/{pods,container_probe,lifecycle_hook,runtime,runtimeclass,sysctl,
 * pod_admission}.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FakeProgram } from '../../../src/cri/fake/program.ts';
import type { Container, Pod } from '../../../src/kinds/generated/types.ts';
import { container, programsBy, startAgentWorld, summary } from './agent-world.ts';

const isRunning = ({ status }: Pod): boolean => status?.phase === 'Running';
const hasFailed = ({ status }: Pod): boolean => status?.phase === 'Failed';
const readiness = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'Ready')?.status;

/** Of the pod, of its status, and of every condition that the node keeps. */
const generations = ({ metadata, status }: Pod) => [
  ...new Set([
    metadata.generation,
    status?.observedGeneration,
    ...(status?.conditions ?? []).map(({ observedGeneration }) => observedGeneration),
  ]),
];

describe('the generation of a pod', () => {
  test('counts changes of its spec, and the node follows', async (t) => {
    const world = await startAgentWorld(t);
    const made = await world.create(
      'p',
      { initContainers: [container('init')], activeDeadlineSeconds: 9000 },
      { generation: 100 },
    );
    assert.equal(made.metadata.generation, 1);
    const changes: Record<string, [object, number]> = {
      nothing: [{}, 1],
      tolerations: [{ spec: { tolerations: [{ key: 'a', operator: 'Exists' }] } }, 2],
      deadline: [{ spec: { activeDeadlineSeconds: 5000 } }, 3],
      image: [{ spec: { containers: [{ name: 'web', image: 'nginx:latest' }] } }, 4],
      'image of an init container': [
        { spec: { initContainers: [{ name: 'init', image: 'nginx:latest' }] } },
        5,
      ],
      annotations: [{ metadata: { annotations: { a: 'b' } } }, 5],
      labels: [{ metadata: { labels: { a: 'b' } } }, 5],
      'the generation itself': [{ metadata: { generation: 1 } }, 5],
    };
    const seen: [string, number | undefined][] = [];
    for (const [what, [patch]] of Object.entries(changes))
      seen.push([what, (await world.patch('p', patch)).metadata.generation]);
    assert.deepEqual(
      seen,
      Object.entries(changes).map(([what, [, generation]]) => [what, generation]),
    );
    await world.until('p', 'is followed', (pod) => generations(pod).join() === '5');
    const debugger_ = { ephemeralContainers: [container('debug')] };
    const debugged = await world.patch('p', { spec: debugger_ }, 'ephemeralcontainers');
    assert.equal(debugged.metadata.generation, 6);
    await world.until('p', 'is followed once more', (pod) => generations(pod).join() === '6');
  });

  test('counts its deletion', async (t) => {
    const world = await startAgentWorld(t);
    await world.create('p', { terminationGracePeriodSeconds: 60 }, { finalizers: ['test/kept'] });
    await world.until('p', 'runs', isRunning);
    await world.delete('p', 60);
    const pod = await world.pod('p');
    assert.deepEqual([pod.metadata.generation, pod.metadata.deletionGracePeriodSeconds], [2, 60]);
    await world.until('p', 'is followed', ({ status }) => status?.observedGeneration === 2);
  });

  test('is followed by a node that refuses the pod', async (t) => {
    const world = await startAgentWorld(t);
    const resources = { requests: { cpu: '1000000000000' } };
    const made = await world.create('p', { containers: [container('web', { resources })] });
    const { metadata, status } = await world.until('p', 'is refused', hasFailed);
    assert.deepEqual(
      [metadata.generation, status?.observedGeneration, status?.reason, status?.qosClass],
      [1, 1, 'OutOfcpu', made.status?.qosClass],
    );
  });

  test('converges after five hundred changes', async (t) => {
    const world = await startAgentWorld(t);
    await world.create('p');
    await world.until('p', 'runs', isRunning);
    for (let count = 0; count < 500; count++)
      await world.patch('p', { spec: { activeDeadlineSeconds: 9000 - count } });
    await world.until('p', 'is followed', (pod) => generations(pod).join() === '501');
  });
});

describe('a node refuses a pod', () => {
  const refusals: Record<string, [Parameters<typeof testSpec>[0], string, string]> = {
    'that wants an unsafe setting of the kernel': [
      { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
      'SysctlForbidden',
      'forbidden sysctl: "kernel.msgmax" not allowlisted',
    ],
    'that wants one by its other name': [
      { securityContext: { sysctls: [{ name: 'net/ipv4/conf/eth0.1/forwarding', value: '1' }] } },
      'SysctlForbidden',
      'forbidden sysctl: "net.ipv4.conf.eth0/1.forwarding" not allowlisted',
    ],
    'that must not have the groups of its image, where the runtime adds them': [
      { securityContext: { supplementalGroupsPolicy: 'Strict' } },
      'SupplementalGroupsPolicyNotSupported',
      'SupplementalGroupsPolicy=Strict is not supported in this node',
    ],
    'of another system': [
      { os: { name: 'windows' } },
      'PodOSNotSupported',
      "Failed to admit pod as the OS field doesn't match node OS",
    ],
  };
  const testSpec = (spec: object) => spec;
  for (const [name, [spec, reason, message]] of Object.entries(refusals))
    test(name, async (t) => {
      const world = await startAgentWorld(t);
      await world.create('p', spec);
      const { status } = await world.until('p', 'is refused', hasFailed);
      assert.deepEqual([status?.reason, status?.message], [reason, `Pod was rejected: ${message}`]);
      assert.equal(status?.containerStatuses, undefined);
      assert.deepEqual(await world.events('p'), [`Warning ${reason}: ${message}`]);
    });

  test('whose RuntimeClass names a handler that it does not have', async (t) => {
    const world = await startAgentWorld(t);
    const classes = world.client.of('RuntimeClass');
    await classes.create({ metadata: { name: 'other' }, handler: 'not-there' });
    await classes.create({ metadata: { name: 'same' }, handler: 'runc' });
    await world.create('same', { runtimeClassName: 'same' });
    await world.create('other', { runtimeClassName: 'other' });
    await world.until('same', 'runs', isRunning);
    await world.seconds(3);
    assert.equal((await world.pod('other')).status?.phase, 'Pending');
    assert.deepEqual(await world.events('other'), [
      'Warning FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "not-there" is configured',
    ]);
  });
});

describe('a running pod', () => {
  test('whose deadline is brought forward fails when it is over', async (t) => {
    const world = await startAgentWorld(t);
    await world.create('p');
    await world.until('p', 'runs', isRunning);
    await world.patch('p', { spec: { activeDeadlineSeconds: 5 } });
    const { status } = await world.until('p', 'has failed', hasFailed);
    assert.deepEqual(
      [status?.reason, status?.message],
      ['DeadlineExceeded', 'Pod was active on the node longer than the specified deadline'],
    );
  });

  test('keeps what others say of it, and tells of itself by its source', async (t) => {
    const world = await startAgentWorld(t);
    await world.create('p');
    const { metadata } = await world.until('p', 'runs', isRunning);
    const said = { type: 'Said', status: 'True', reason: 'Others', message: 'say so' };
    await world.patch('p', { status: { conditions: [said], message: 'patched', reason: 'E2E' } }, 'status');
    await world.seconds(70);
    const { status } = await world.pod('p');
    const { type, reason, message } = status?.conditions?.find((each) => each.type === 'Said') ?? {};
    assert.deepEqual({ type, reason, message }, { type: 'Said', reason: 'Others', message: 'say so' });
    assert.equal(readiness({ metadata, status: status ?? {} }), 'True');
    const fieldSelector = `involvedObject.kind=Pod,involvedObject.uid=${metadata.uid},source=kubelet`;
    const { items } = await world.client.of('Event').list({ namespace: 'default', fieldSelector });
    assert.deepEqual(
      items.map((event) => event.reason),
      ['Pulled', 'Created', 'Started'],
    );
  });

  test('goes with the others of its label', async (t) => {
    const world = await startAgentWorld(t);
    for (const name of ['p1', 'p2', 'p3']) await world.create(name, {}, { labels: { type: 'Testing' } });
    await world.create('other');
    for (const name of ['p1', 'p2', 'p3', 'other']) await world.until(name, 'runs', isRunning);
    const pods = world.client.of('Pod');
    await world.client.send({
      method: 'DELETE',
      url: '/api/v1/namespaces/default/pods?labelSelector=type%3DTesting',
    });
    for (const name of ['p1', 'p2', 'p3']) await world.untilGone(name);
    const left = (await pods.list({ namespace: 'default' })).items.map(({ metadata }) => metadata.name);
    assert.deepEqual(left, ['other']);
  });

  test('is ready while its gates are, too', async (t) => {
    const world = await startAgentWorld(t);
    const gates = ['k8s.io/one', 'k8s.io/two'];
    await world.create('p', { readinessGates: gates.map((conditionType) => ({ conditionType })) });
    const say = (type: string, status: string) =>
      world.patch('p', { status: { conditions: [{ type, status }] } }, 'status');
    const waits = await world.until('p', 'runs', isRunning);
    assert.equal(readiness(waits), 'False');
    await say('k8s.io/one', 'True');
    await world.seconds(2);
    assert.equal(readiness(await world.pod('p')), 'False');
    await say('k8s.io/two', 'True');
    await world.until('p', 'is ready', (pod) => readiness(pod) === 'True');
    await say('k8s.io/one', 'False');
    await world.until('p', 'is not ready', (pod) => readiness(pod) === 'False');
  });

  test('is not ready any more while it ends, when it says so', async (t) => {
    const world = await startAgentWorld(t);
    const probed = container('web', {
      readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 1 },
    });
    await world.create('p', { containers: [probed], terminationGracePeriodSeconds: 60 });
    await world.until('p', 'is ready', (pod) => readiness(pod) === 'True');
    await world.delete('p');
    world.pods.answer = { status: 500 };
    const pod = await world.until('p', 'is not ready', (pod) => readiness(pod) === 'False');
    assert.ok(pod.status?.containerStatuses?.[0]?.state?.running);
  });

  test('is not killed for being ill while it ends', async (t) => {
    const world = await startAgentWorld(t);
    const probed = container('web', {
      livenessProbe: { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 1 },
    });
    await world.create('p', { containers: [probed], terminationGracePeriodSeconds: 30 });
    await world.until('p', 'runs', isRunning);
    await world.delete('p');
    world.pods.answer = { status: 500 };
    await world.seconds(20);
    assert.ok((await world.pod('p')).status?.containerStatuses?.[0]?.state?.running);
    assert.deepEqual(
      (await world.events('p')).filter((event) => event.includes('Unhealthy')),
      [],
    );
    await world.seconds(15);
    assert.equal(await world.find('p'), undefined);
  });

  test('that redirects its probe elsewhere is well, and told of', async (t) => {
    const world = await startAgentWorld(t);
    const body = '<a href="http://0.0.0.0/">Found</a>.\n\n';
    world.pods.answer = { status: 302, body };
    const probed = container('web', {
      livenessProbe: { httpGet: { port: 80 }, periodSeconds: 5, failureThreshold: 1 },
    });
    await world.create('p', { containers: [probed] });
    await world.until('p', 'runs', isRunning);
    await world.seconds(20);
    assert.equal(summary(await world.pod('p')), 'Running: web running #0 ready');
    const warnings = (await world.events('p')).filter((event) => event.startsWith('Warning'));
    assert.deepEqual(
      warnings.map((warning) => warning.trim()),
      [
        `Warning ProbeWarning: Liveness probe warning: Probe terminated redirects, Response body: ${body.trim()}`,
      ],
    );
  });

  for (const kind of ['livenessProbe', 'startupProbe'] as const)
    test(`that does not listen has the grace of its ${kind}, not its own`, async (t) => {
      const world = await startAgentWorld(t);
      world.pods.answer = { status: 500 };
      const probe = {
        httpGet: { port: 80 },
        periodSeconds: 1,
        failureThreshold: 1,
        terminationGracePeriodSeconds: 5,
      };
      await world.create('p', {
        containers: [container('web', { [kind]: probe })],
        terminationGracePeriodSeconds: 500,
      });
      const { status } = await world.until(
        'p',
        'is restarted',
        ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) === 1,
      );
      const { startedAt = '', finishedAt = '' } = status?.containerStatuses?.[0]?.lastState?.terminated ?? {};
      const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
      assert.ok(seconds >= 5 && seconds < 15, `${seconds}`);
    });
});

describe('a container', () => {
  test('whose postStart hook fails ends as others do: its own hook first, then its grace', async (t) => {
    const commands: string[] = [];
    const program: FakeProgram = {
      onTerminate: { afterMilliseconds: 5000, exitCode: 7 },
      exec: ([command = '']) => {
        commands.push(command);
        return { exitCode: command === 'begin' ? 1 : 0, stderr: 'no luck' };
      },
    };
    const world = await startAgentWorld(t, () => program);
    const lifecycle: NonNullable<Container['lifecycle']> = {
      postStart: { exec: { command: ['begin'] } },
      preStop: { exec: { command: ['end'] } },
    };
    await world.create('p', {
      containers: [container('web', { lifecycle })],
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 30,
    });
    const { status } = await world.until('p', 'has failed', hasFailed);
    assert.deepEqual(commands, ['begin', 'end']);
    assert.equal(status?.containerStatuses?.[0]?.state?.terminated?.exitCode, 7);
    assert.deepEqual((await world.events('p')).slice(-2), [
      'Warning FailedPostStartHook: PostStartHook failed',
      'Normal Killing: FailedPostStartHook',
    ]);
  });

  test('is ended with the grace of its deletion, and gone after that', async (t) => {
    const world = await startAgentWorld(t);
    await world.create('p', { terminationGracePeriodSeconds: 300 });
    await world.until('p', 'runs', isRunning);
    await world.delete('p', 10);
    await world.seconds(8);
    assert.ok((await world.pod('p')).status?.containerStatuses?.[0]?.state?.running);
    await world.seconds(6);
    assert.equal(await world.find('p'), undefined);
    assert.deepEqual(await world.runtime.containers.list(), []);
  });

  test('that waits, or has failed, is never said to have succeeded', async (t) => {
    const world = await startAgentWorld(t, programsBy({ web: [1] }));
    const seen: string[] = [];
    const spec = { restartPolicy: 'Never' };
    for (let count = 0; count < 10; count++) {
      await world.create(`p${count}`, spec);
      for (let turn = 0; turn < count; turn++) await world.settle();
      await world.delete(`p${count}`);
      for (let second = 0; second < 5; second++) {
        const pod = await world.find(`p${count}`);
        if (pod !== undefined) seen.push(summary(pod).replaceAll(' ready', ''));
        await world.seconds(1);
      }
      await world.untilGone(`p${count}`);
    }
    assert.deepEqual(
      seen.filter((text) => / 0 #|Succeeded|#[1-9]/.test(text)),
      [],
    );
  });
});
