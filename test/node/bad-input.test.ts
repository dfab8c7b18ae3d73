/**
 * What people get wrong, on a real containerd: each ends in upstream's state, reason and events. Compared whole, but for
 * ids and times.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { mountPinned, unmountBelow, unmountPinned } from '../../src/cluster/node/pinned-mounts.ts';
import type { Container, ContainerState, Pod, PodSpec } from '../../src/kinds/generated/types.ts';
import { grpcHealthCheck } from '../../src/kubelet/probes/grpc-health.ts';
import { probeNetwork } from '../../src/kubelet/probes/network.ts';
import { Probes } from '../../src/kubelet/probes/probes.ts';
import { Gate } from '../../src/kubelet/run/gate.ts';
import { hookRequest } from '../../src/kubelet/run/hook-request.ts';
import { HookRunner } from '../../src/kubelet/run/hooks.ts';
import { ImagePuller } from '../../src/kubelet/run/image-puller.ts';
import type { PodEvent } from '../../src/kubelet/run/pod-event.ts';
import { PodFiles } from '../../src/kubelet/run/pod-files.ts';
import { syncPod } from '../../src/kubelet/run/sync-pod.ts';
import { newMemory, type RunTools } from '../../src/kubelet/run/tools.ts';
import { NodeVolumes } from '../../src/kubelet/volumes/node-volumes.ts';
import { systemClock, systemRandom } from '../../src/lib/system.ts';
import { nodeFacts, noNodeBecause, startTestNode, type TestNode, until } from './test-node.ts';

interface Case {
  readonly container?: Partial<Container>;
  readonly spec?: Partial<PodSpec>;
  /** `waiting ErrImagePull: ...`: what the container comes to, and then stays or repeats. */
  readonly state: RegExp;
  /** How it ended before, if that is shown. */
  readonly lastState?: RegExp;
  readonly phase?: string;
  /** Each that came, once, in the order of their first time. */
  readonly events: readonly RegExp[];
}

const pulled =
  /^Normal Pulled: Container image "busybox:1.27" already present on machine and can be accessed by the pod$/;
const created = /^Normal Created: Container created$/;
const started = /^Normal Started: Container started$/;
const configError = (message: string): Pick<Case, 'state' | 'events'> => ({
  state: new RegExp(`^waiting CreateContainerConfigError: ${message}$`),
  events: [pulled, new RegExp(`^Warning Failed: Error: ${message}$`)],
});
const mountError = (message: string): Pick<Case, 'state' | 'events'> => ({
  state: /^waiting ContainerCreating$/,
  events: [new RegExp(`^Warning FailedMount: MountVolume\\.SetUp failed for volume "v" : ${message}$`)],
});
const where = '\\(pod: "bad_default\\([0-9a-f-]+\\)", container: main\\)';
const backOff =
  /^Warning BackOff: Back-off restarting failed container main in pod bad_default\([0-9a-f-]+\)$/;
const crashLoop =
  /^waiting CrashLoopBackOff: back-off 10s restarting failed container=main pod=bad_default\([0-9a-f-]+\)$/;

const cases: Record<string, Case> = {
  'an image that no registry has': {
    container: { image: 'wherry.local/none:1' },
    state:
      /^waiting ImagePullBackOff: Back-off pulling image "wherry.local\/none:1": ErrImagePull: rpc error: .*failed to pull and unpack image "wherry.local\/none:1": failed to resolve reference/,
    events: [
      /^Normal Pulling: Pulling image "wherry.local\/none:1"$/,
      /^Warning Failed: Failed to pull image "wherry.local\/none:1": rpc error: code = \w+ desc = failed to pull and unpack image/,
      /^Warning Failed: Error: ErrImagePull$/,
      /^Normal BackOff: Back-off pulling image "wherry.local\/none:1"$/,
      /^Warning Failed: Error: ImagePullBackOff$/,
    ],
  },
  'a registry that is not there': {
    container: { image: '127.0.0.1:1/app:1' },
    state:
      /^waiting ImagePullBackOff: Back-off pulling image "127.0.0.1:1\/app:1": ErrImagePull: rpc error: .*dial tcp 127.0.0.1:1: connect: connection refused$/,
    events: [
      /^Normal Pulling: /,
      /^Warning Failed: Failed to pull image "127.0.0.1:1\/app:1": rpc error: .*connection refused$/,
      /^Warning Failed: Error: ErrImagePull$/,
      /^Normal BackOff: /,
      /^Warning Failed: Error: ImagePullBackOff$/,
    ],
  },
  'a name that is no image name': {
    container: { image: 'Not An Image' },
    state:
      /^waiting InvalidImageName: Failed to apply default image tag "Not An Image": couldn't parse image name "Not An Image": invalid reference format/,
    events: [
      /^Warning InspectFailed: Failed to apply default image tag "Not An Image": couldn't parse image name/,
      /^Warning Failed: Error: InvalidImageName$/,
    ],
  },
  'an image that must be there, and is not': {
    container: { image: 'never-here:1', imagePullPolicy: 'Never' },
    state:
      /^waiting ErrImageNeverPull: Container image "never-here:1" is not present with pull policy of Never$/,
    events: [
      /^Warning ErrImageNeverPull: Container image "never-here:1" is not present with pull policy of Never$/,
      /^Warning Failed: Error: ErrImageNeverPull$/,
    ],
  },
  'a command that is not in the image': {
    container: { command: ['/no/such/program'] },
    phase: 'Running',
    state: crashLoop,
    lastState:
      /^terminated StartError 128: failed to create containerd task: .*exec: "\/no\/such\/program": stat \/no\/such\/program: no such file or directory/,
    events: [
      pulled,
      created,
      /^Warning Failed: Error: failed to create containerd task: .*exec: "\/no\/such\/program": stat \/no\/such\/program: no such file or directory/,
      backOff,
    ],
  },
  'a process that ends again and again': {
    container: { command: ['sh', '-c', 'exit 3'] },
    phase: 'Running',
    state: crashLoop,
    lastState: /^terminated Error 3$/,
    events: [pulled, created, started, backOff],
  },
  'a liveness probe to a closed port': {
    container: {
      livenessProbe: {
        tcpSocket: { host: '127.0.0.1', port: 1 },
        periodSeconds: 1,
        failureThreshold: 1,
        timeoutSeconds: 5,
      },
    },
    phase: 'Running',
    state: crashLoop,
    lastState: /^terminated Error 137$/,
    events: [
      pulled,
      created,
      started,
      /^Warning Unhealthy: Liveness probe failed: dial tcp 127.0.0.1:1: connect: connection refused$/,
      /^Normal Killing: Container main failed liveness probe, will be restarted$/,
      backOff,
    ],
  },
  'a ConfigMap that is missing, for a variable': {
    container: { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'gone', key: 'a' } } }] },
    ...configError('configmap "gone" not found'),
  },
  'a Secret that is missing, for all variables': {
    container: { envFrom: [{ secretRef: { name: 'gone' } }] },
    ...configError('secret "gone" not found'),
  },
  'a ConfigMap that is missing, for a volume': {
    spec: { volumes: [{ name: 'v', configMap: { name: 'gone' } }] },
    ...mountError('configmap "gone" not found'),
  },
  'a Secret that is missing, for a volume': {
    spec: { volumes: [{ name: 'v', secret: { secretName: 'gone' } }] },
    ...mountError('secret "gone" not found'),
  },
  'a place on the node that is something else': {
    spec: { volumes: [{ name: 'v', hostPath: { path: '/etc/hostname', type: 'Directory' } }] },
    ...mountError('hostPath type check failed: /etc/hostname is not a directory'),
  },
  'a user who must not be root, and is': {
    container: { securityContext: { runAsNonRoot: true } },
    ...configError(`container has runAsNonRoot and image will run as root ${where}`),
  },
  'a user who must not be root, and is said to be': {
    container: { securityContext: { runAsNonRoot: true, runAsUser: 0 } },
    ...configError(`container's runAsUser breaks non-root policy ${where}`),
  },
  'a field that pods do not have': {
    container: { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.nothing' } } }] },
    ...configError('unsupported fieldPath: status.nothing'),
  },
  'a variable in a subPath that is not set': {
    container: { volumeMounts: [{ name: 'v', mountPath: '/v', subPathExpr: '$(NOT_SET)' }] },
    spec: { volumes: [{ name: 'v', emptyDir: {} }] },
    ...configError('missing value for NOT_SET'),
  },
  'a working directory that is a file': {
    container: { workingDir: '/bin/busybox' },
    phase: 'Running',
    state: crashLoop,
    lastState:
      /^terminated StartError 128: failed to create containerd task: .*\/bin\/busybox: not a directory/,
    events: [
      pulled,
      created,
      /^Warning Failed: Error: failed to create containerd task: .*not a directory/,
      backOff,
    ],
  },
  'a mount where a file is': {
    container: { volumeMounts: [{ name: 'v', mountPath: '/bin/busybox' }] },
    spec: { volumes: [{ name: 'v', emptyDir: {} }] },
    phase: 'Running',
    state: crashLoop,
    lastState: /^terminated StartError 128: failed to create containerd task: .*not a directory/,
    events: [
      pulled,
      created,
      /^Warning Failed: Error: failed to create containerd task: .*not a directory/,
      backOff,
    ],
  },
  'too much memory': {
    container: {
      command: ['sh', '-c', 'x=a; while :; do x=$x$x; done'],
      resources: { limits: { memory: '16Mi' } },
    },
    phase: 'Running',
    state: crashLoop,
    lastState: /^terminated OOMKilled 137$/,
    events: [pulled, created, started, backOff],
  },
  'a hook that fails after the start': {
    container: { lifecycle: { postStart: { exec: { command: ['sh', '-c', 'echo why; exit 4'] } } } },
    phase: 'Running',
    state: crashLoop,
    lastState: /^terminated Error 137$/,
    events: [
      pulled,
      created,
      started,
      /^Warning FailedPostStartHook: PostStartHook failed$/,
      /^Normal Killing: FailedPostStartHook$/,
      backOff,
    ],
  },
};

const stateText = (state: ContainerState | undefined): string => {
  const [kind, value] = Object.entries(state ?? {})[0] ?? ['none', {}];
  const { reason = '', message, exitCode } = (value ?? {}) as Record<string, string | number | undefined>;
  const code = exitCode === undefined ? '' : ` ${exitCode}`;
  return `${kind} ${reason}${code}${message === undefined ? '' : `: ${message}`}`.trim();
};

describe('bad input on a real node', { skip: noNodeBecause() }, () => {
  let node: TestNode;
  before(async () => {
    node = await startTestNode();
  });
  after(() => node?.close());

  function toolsFor(record: (pod: Pod, event: PodEvent) => void): RunTools & { probes: Probes } {
    const { runtime } = node;
    const clock = systemClock;
    const files = new PodFiles(path.join(node.folder, 'pods'));
    const none = () => undefined;
    const sources = { configMap: none, secret: none, services: () => [] };
    const network = probeNetwork(grpcHealthCheck(() => clock.now()));
    return {
      ...{ runtime, clock, files, record, sources },
      puller: new ImagePuller({ images: runtime.images, clock, record }),
      hooks: new HookRunner({ runtime, clock, request: hookRequest }),
      probes: new Probes({ runtime, network, clock, record, onChange: () => {} }),
      volumes: new NodeVolumes({
        ...{ files, sources, clock, token: async () => 'token' },
        memory: { mount: async () => {}, unmount: async () => {} },
        pinned: { mount: mountPinned, unmount: unmountPinned, unmountBelow },
      }),
      gate: new Gate(4),
      node: nodeFacts(node),
    };
  }

  for (const [name, { container, spec, state, lastState, phase = 'Pending', events }] of Object.entries(
    cases,
  ))
    test(name, async () => {
      const told = new Set<string>();
      const tools = toolsFor((_, { type, reason, message }) => told.add(`${type} ${reason}: ${message}`));
      const memory = newMemory();
      let pod: Pod = {
        metadata: { name: 'bad', namespace: 'default', uid: systemRandom.uuid() },
        spec: {
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: 1,
          ...spec,
          containers: [{ name: 'main', image: 'busybox:1.27', command: ['sleep', '3600'], ...container }],
        },
      };
      let seen = '';
      try {
        await until(name, async () => {
          const { status } = await syncPod(tools, { pod, memory, onStatus: () => {} });
          pod = { ...pod, status };
          const [main] = status.containerStatuses ?? [];
          seen = `${status.phase}; ${stateText(main?.state)}; before: ${stateText(main?.lastState)}; ${[...told].join('\n')}`;
          const isThere =
            status.phase === phase &&
            state.test(stateText(main?.state)) &&
            (lastState === undefined || lastState.test(stateText(main?.lastState))) &&
            told.size >= events.length;
          return isThere;
        }).catch((cause) => {
          throw new Error(`came to: ${seen}`, { cause });
        });
        const texts = [...told];
        assert.deepEqual(
          texts.map((text, index) => (events[index]?.test(text) ? 'as told' : text)),
          events.map(() => 'as told'),
        );
      } finally {
        const deleted = {
          ...pod.metadata,
          deletionTimestamp: '2026-01-01T00:00:00Z',
          deletionGracePeriodSeconds: 0,
        };
        await syncPod(tools, { pod: { ...pod, metadata: deleted }, memory, onStatus: () => {} });
        tools.probes.close();
      }
    });
});
