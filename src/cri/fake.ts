/**
 * A container runtime that runs nothing and remembers everything: containers start, end by themselves, listen to or
 * ignore being stopped, on the clock that it is given. What each does is said by `programs`.
 */
import { type Clock, sleep } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { Image } from './container-types.ts';
import type { CriError } from './errors.ts';
import { fakeContainers } from './fake/containers.ts';
import { type FakeRegistry, fakeImages } from './fake/images.ts';
import { execResult, type FakePrograms } from './fake/program.ts';
import { fakeSandboxes } from './fake/sandboxes.ts';
import { containerById, endContainer, type FakeState, refusal, sandboxById } from './fake/state.ts';
import type { ContainerRuntime, RuntimeCondition, Streams } from './runtime.ts';

export interface FakeRuntime extends ContainerRuntime {
  /** Lines in the form of the runtime's log files, by path. */
  readonly logs: ReadonlyMap<string, readonly string[]>;
  /** Answers a method's calls with a failure from now on; undefined: answers them again. `*`: every method's. */
  fail(method: string, failure: CriError | undefined): void;
  /** Ends a running container as if its process had ended. */
  end(containerId: string, end: { exitCode: number; reason?: string }): void;
  /** What was asked for as a stream, oldest first: the method and its request. */
  readonly streamRequests: readonly (readonly [method: string, request: unknown])[];
  /** What `conditions` answers from now on. */
  setConditions(conditions: readonly RuntimeCondition[]): void;
}

export interface FakeRuntimeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly images?: readonly Image[];
  readonly programs?: FakePrograms;
  readonly registry?: FakeRegistry;
  /** Where streams are said to wait: `127.0.0.1:1234`. */
  readonly streamingServer?: () => string;
}

const wellConditions: readonly RuntimeCondition[] = [
  { type: 'RuntimeReady', status: true, reason: '', message: '' },
  { type: 'NetworkReady', status: true, reason: '', message: '' },
];

export function createFakeRuntime(options: FakeRuntimeOptions): FakeRuntime {
  const faults = new Map<string, CriError>();
  const streamRequests: (readonly [string, unknown])[] = [];
  let conditions = wellConditions;
  const state: FakeState = {
    clock: options.clock,
    random: options.random,
    programs: options.programs ?? (() => ({})),
    sandboxes: new Map(),
    containers: new Map(),
    images: new Map(options.images?.map((image) => [image.id, image])),
    logs: new Map(),
    fault: async (method) => {
      const failure = faults.get(method) ?? faults.get('*');
      if (failure !== undefined) throw failure;
    },
  };
  return {
    node: {
      version: async () => {
        await state.fault('Version');
        return { runtimeName: 'fake', runtimeVersion: '1.0.0', runtimeApiVersion: 'v1' };
      },
      conditions: async () => {
        await state.fault('Status');
        return conditions;
      },
    },
    sandboxes: fakeSandboxes(state),
    containers: fakeContainers(state),
    streams: fakeStreams(state, { streamRequests, streamingServer: options.streamingServer }),
    images: fakeImages(state, options.registry ?? new Map()),
    logs: state.logs,
    streamRequests,
    fail: (method, failure) => {
      if (failure === undefined) faults.delete(method);
      else faults.set(method, failure);
    },
    end: (id, end) => endContainer(state, containerById(state, { id, method: 'end' }), end),
    setConditions: (changed) => {
      conditions = changed;
    },
  };
}

function fakeStreams(
  state: FakeState,
  {
    streamRequests,
    streamingServer = () => '127.0.0.1:0',
  }: { streamRequests: (readonly [string, unknown])[]; streamingServer: (() => string) | undefined },
): Streams {
  const running = (id: string, method: string) => {
    const container = containerById(state, { id, method });
    if (container.state !== 'Running') {
      const details = `failed to exec in container: container is in CONTAINER_${container.state.toUpperCase()} state`;
      throw refusal(method, details);
    }
    return container;
  };
  const url = (method: string, id: string) => `http://${streamingServer()}/${method}/${id}`;
  const asked = async (method: string, request: unknown) => {
    await state.fault(method);
    streamRequests.push([method, request]);
  };
  return {
    execSync: async (id, command, timeoutSeconds) => {
      await state.fault('ExecSync');
      const { program } = running(id, 'ExecSync');
      const answer = program.exec?.(command) ?? { exitCode: 0 };
      const { milliseconds = 0 } = answer;
      const allowed = timeoutSeconds > 0 ? timeoutSeconds * 1000 : Number.POSITIVE_INFINITY;
      if (milliseconds > allowed) {
        await sleep(state.clock, allowed);
        const details = `failed to exec in container: timeout ${timeoutSeconds}s exceeded: context deadline exceeded`;
        throw refusal('ExecSync', details, 'DEADLINE_EXCEEDED');
      }
      if (milliseconds > 0) await sleep(state.clock, milliseconds);
      return execResult(answer);
    },
    exec: async (request) => {
      await asked('Exec', request);
      return url('exec', running(request.containerId, 'Exec').id);
    },
    attach: async (request) => {
      await asked('Attach', request);
      return url('attach', running(request.containerId, 'Attach').id);
    },
    portForward: async (id, ports) => {
      await asked('PortForward', { id, ports });
      return url('portforward', sandboxById(state, { id, method: 'PortForward' }).id);
    },
  };
}
