/** What the fake runtime holds, and the few things that every part of it does with that. */
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { Container, ContainerConfig, ContainerState, Image } from '../container-types.ts';
import { CriError } from '../errors.ts';
import type { SandboxConfig } from '../sandbox-types.ts';
import type { FakeProgram, FakePrograms } from './program.ts';

export interface FakeSandbox {
  readonly id: string;
  readonly config: SandboxConfig;
  readonly createdAt: number;
  readonly runtimeHandler: string;
  readonly ip: string | undefined;
  isReady: boolean;
}

export interface FakeContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: ContainerConfig;
  readonly imageRef: string;
  readonly logPath: string;
  readonly program: FakeProgram;
  readonly createdAt: number;
  state: ContainerState;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  exitCode: number;
  reason: string;
  message: string;
  /** Timers that would end it; cancelled when it ends. */
  readonly timers: Set<() => void>;
  /** Told once when it ends. */
  readonly onEnd: Set<() => void>;
}

export interface FakeState {
  readonly clock: Clock;
  readonly random: Random;
  readonly programs: FakePrograms;
  readonly sandboxes: Map<string, FakeSandbox>;
  readonly containers: Map<string, FakeContainer>;
  /** By id. */
  readonly images: Map<string, Image>;
  /** Lines in the form of the runtime's log files, by path. */
  readonly logs: Map<string, string[]>;
  /** Fails a call before it does anything. */
  fault(method: string): Promise<void>;
}

export function fakeId(random: Random): string {
  return `${random.uuid()}${random.uuid()}`.replaceAll('-', '');
}

export function refusal(
  method: string,
  details: string,
  code: ConstructorParameters<typeof CriError>[0] = 'UNKNOWN',
): CriError {
  return new CriError(code, { method, details });
}

export function sandboxById(state: FakeState, { id, method }: { id: string; method: string }): FakeSandbox {
  const sandbox = state.sandboxes.get(id);
  if (sandbox === undefined)
    throw refusal(method, 'an error occurred when try to find sandbox: not found', 'NOT_FOUND');
  return sandbox;
}

export function containerById(
  state: FakeState,
  { id, method }: { id: string; method: string },
): FakeContainer {
  const container = state.containers.get(id);
  if (container === undefined) {
    const details = `an error occurred when try to find container "${id}": not found`;
    throw refusal(method, details, 'NOT_FOUND');
  }
  return container;
}

/** A container's process ends. */
export function endContainer(
  state: FakeState,
  container: FakeContainer,
  end: { exitCode: number; reason?: string },
): void {
  if (container.state !== 'Running') return;
  container.state = 'Exited';
  container.finishedAt = state.clock.now();
  container.exitCode = end.exitCode;
  container.reason = end.reason ?? (end.exitCode === 0 ? 'Completed' : 'Error');
  for (const cancel of container.timers) cancel();
  container.timers.clear();
  for (const told of container.onEnd) told();
  container.onEnd.clear();
}

/** Names that a registry's short names stand for. Source: distribution/reference. */
export function wholeImageName(name: string): string {
  const [first = ''] = name.split('/');
  const isHost = name.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  const path = isHost ? name : name.includes('/') ? `docker.io/${name}` : `docker.io/library/${name}`;
  const hasTag = path.lastIndexOf(':') > path.lastIndexOf('/') || path.includes('@');
  return hasTag ? path : `${path}:latest`;
}

/** By id, with or without `sha256:`, or by any of its names. */
export function findImage(state: FakeState, name: string): Image | undefined {
  const byId = state.images.get(name) ?? state.images.get(`sha256:${name}`);
  if (byId !== undefined) return byId;
  const whole = wholeImageName(name);
  return [...state.images.values()].find(
    (image) => image.repoTags.includes(whole) || image.repoDigests.includes(whole),
  );
}

export function labelsMatch(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

export function containerView(container: FakeContainer): Container {
  const { config } = container;
  return {
    id: container.id,
    sandboxId: container.sandboxId,
    metadata: config.metadata,
    image: config.image.image,
    imageRef: container.imageRef,
    state: container.state,
    createdAt: container.createdAt,
    labels: config.labels,
    annotations: config.annotations,
  };
}
