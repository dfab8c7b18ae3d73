/** Pods and what the runtime has of them, in a few words: for the tests of this folder. */
import type { SandboxStatus } from '../cri/sandbox-types.ts';
import type { Container, Pod, PodSpec } from '../kinds/generated/types.ts';
import { containerHash } from './container-hash.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import type { PodStep, ProbeResult, ProbeResults } from './plan-types.ts';

export const testNow = Date.UTC(2026, 0, 1, 12);

export function testPod(spec: Partial<PodSpec>, more: Partial<Pod> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    spec: {
      containers: [{ name: 'web', image: 'nginx' }],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      nodeName: 'node-1',
      ...spec,
    },
    ...more,
    metadata: { name: 'p', namespace: 'default', uid: 'uid-1', ...more.metadata },
  };
}

export const testContainer = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: 'nginx',
  ...more,
});

export function testSandbox(more: Partial<SandboxStatus> & { attempt?: number } = {}): SandboxStatus {
  const { attempt = 0, ...rest } = more;
  return {
    id: `sandbox-${attempt}`,
    metadata: { name: 'p', namespace: 'default', uid: 'uid-1', attempt },
    state: 'Ready',
    createdAt: testNow - 60_000,
    labels: {},
    annotations: {},
    runtimeHandler: '',
    ips: ['10.244.0.2'],
    network: 'POD',
    ...rest,
  };
}

/** `running`, `created`, `unknown`, or `exited 3`; after that, what else is to be said. */
export function testObserved(
  name: string,
  state: string,
  more: Partial<ObservedContainer> = {},
): ObservedContainer {
  const [word = '', code = '0'] = state.split(' ');
  const exitCode = Number(code);
  const restartCount = more.restartCount ?? 0;
  const isExited = word === 'exited';
  return {
    id: `${name}-${restartCount}`,
    name,
    state: `${word[0]?.toUpperCase()}${word.slice(1)}` as ObservedContainer['state'],
    restartCount,
    hash: containerHash(testContainer(name)),
    createdAt: testNow - 50_000,
    startedAt: word === 'created' ? undefined : testNow - 50_000,
    finishedAt: isExited ? testNow - 40_000 : undefined,
    exitCode,
    reason: isExited ? (exitCode === 0 ? 'Completed' : 'Error') : '',
    message: '',
    image: 'docker.io/library/nginx:latest',
    imageRef: 'sha256:1',
    logPath: '',
    ...more,
  };
}

export function testObservedPod(
  containers: readonly ObservedContainer[],
  sandboxes: readonly SandboxStatus[] = [testSandbox()],
): ObservedPod {
  return { sandboxes, containers };
}

/** `{ 'web-0': 'Failure' }` for each kind of probe. */
export function testProbes(
  results: Partial<Record<keyof ProbeResults, Record<string, ProbeResult>>> = {},
): ProbeResults {
  const of = (kind: keyof ProbeResults) => (id: string) => results[kind]?.[id];
  return { liveness: of('liveness'), readiness: of('readiness'), startup: of('startup') };
}

/** A step in a line. */
export function stepText(step: PodStep): string {
  if (step.type === 'killPod') return `kill pod: ${step.reason}`;
  if (step.type === 'killContainer')
    return `kill ${step.id} in ${step.graceSeconds} s: ${step.reason}: ${step.message}`;
  if (step.type === 'createSandbox')
    return `sandbox ${step.attempt}${step.replaces ? ` for ${step.replaces}` : ''}: ${step.reason}`;
  return `start ${step.role} ${step.name} #${step.restartCount}`;
}
