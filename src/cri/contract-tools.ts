import type { TestContext } from 'node:test';
import type { Container, ContainerConfig, ContainerStatus } from './container-types.ts';
import type { ContainerRuntime } from './runtime.ts';
import type { SandboxConfig } from './sandbox-types.ts';

/** A runtime to be held to the contract, which has an image of busybox and no way to a registry. */
export interface RuntimeUnderTest {
  readonly runtime: ContainerRuntime;
  /** A name of the busybox image, as people write it. */
  readonly image: string;
  /** The configuration of a sandbox for a pod that has not been there before. */
  sandboxConfig(podName: string): SandboxConfig;
  /** Milliseconds since the epoch, by the clock of what it runs. */
  now(): number;
  /** Lets time go on until the promise is settled. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Lets time go on until the condition holds; throws when it does not for long. */
  until(what: string, condition: () => Promise<boolean>): Promise<void>;
  /** Lines of a log in the runtime's own form. */
  readLog(path: string): Promise<readonly string[]>;
}

export type RuntimeFactory = (context: TestContext) => Promise<RuntimeUnderTest>;

/** The commands of the contract. What the fake does for each stands in `fake.test.ts`. */
export const commands = {
  runsForever: ['sleep', '3600'],
  /** The first process of a container ignores signals that it does not handle. */
  endsWhenAsked: ['sh', '-c', 'trap "exit 7" TERM; echo ready; while :; do sleep 0.02; done'],
  succeeds: ['true'],
  failsWithOutput: ['sh', '-c', 'echo to stdout; echo to stderr >&2; exit 3'],
  doesNotExist: ['/no/such/program'],
} as const;

export const execCommands = {
  answers: ['sh', '-c', 'echo out; echo err >&2; exit 4'],
  takesForever: ['sleep', '3600'],
} as const;

export function containerConfig(
  test: RuntimeUnderTest,
  options: { name?: string; attempt?: number; command: readonly string[]; labels?: Record<string, string> },
): ContainerConfig {
  const { name = 'main', attempt = 0, command, labels = {} } = options;
  return {
    metadata: { name, attempt },
    image: { image: test.image },
    command,
    args: [],
    envs: [],
    mounts: [],
    labels: { 'io.kubernetes.container.name': name, ...labels },
    annotations: { 'io.kubernetes.container.restartCount': String(attempt) },
    logPath: `${name}/${attempt}.log`,
    // As the agent asks for it, so that it is the first process of a container that is stopped.
    linux: { securityContext: { namespaceOptions: { pid: 'CONTAINER' } } },
  };
}

export interface Pod {
  readonly sandboxId: string;
  readonly config: SandboxConfig;
}

export async function runPod(test: RuntimeUnderTest, name: string): Promise<Pod> {
  const config = test.sandboxConfig(name);
  return { sandboxId: await test.runtime.sandboxes.run(config), config };
}

export async function startIn(
  test: RuntimeUnderTest,
  pod: Pod,
  options: Parameters<typeof containerConfig>[1],
): Promise<string> {
  const { containers } = test.runtime;
  const id = await containers.create(pod.sandboxId, containerConfig(test, options), pod.config);
  await containers.start(id);
  return id;
}

export async function ended(test: RuntimeUnderTest, id: string): Promise<ContainerStatus> {
  await test.until(`container ${id} has ended`, async () => {
    const { state } = await test.runtime.containers.status(id);
    return state === 'Exited';
  });
  return test.runtime.containers.status(id);
}

/** `name attempt state` of each, sorted. */
export const containerLines = (containers: readonly Container[]): string[] =>
  containers.map(({ metadata, state }) => `${metadata.name} ${metadata.attempt} ${state}`).sort();
