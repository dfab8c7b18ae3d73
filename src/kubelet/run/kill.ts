/** Ends containers: the preStop hook first, then the signal, then force; all of it within the grace. */
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Container, Pod } from '../../kinds/generated/types.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import { containersOf, type PodContainer } from '../containers.ts';
import { graceLeft, graceSeconds } from '../grace.ts';
import { addressesOf, type ObservedContainer, type ObservedPod } from '../observed.ts';
import type { HookRunner } from './hooks.ts';
import { containerEvent, normal, type RecordPodEvent, warning } from './pod-event.ts';

export interface KillTools {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly hooks: HookRunner;
  readonly record: RecordPodEvent;
}

export interface ContainerEnd {
  readonly pod: Pod;
  readonly id: string;
  /** Undefined for one that is in no spec any more: it has no hook. */
  readonly container: PodContainer | undefined;
  readonly podIP: string | undefined;
  /** As the Event `Killing` says it. */
  readonly message: string;
  readonly graceSeconds: number;
}

/** `turn`: those that are to end before it does; its hook is not kept waiting by them. */
export async function killContainer(
  tools: KillTools,
  end: ContainerEnd,
  turn?: Promise<unknown>,
): Promise<void> {
  const { pod, container } = end;
  if (container !== undefined) tools.record(pod, containerEvent(container, normal('Killing', end.message)));
  const started = tools.clock.monotonic();
  const spentSeconds = () => (tools.clock.monotonic() - started) / 1000;
  await runPreStop(tools, end);
  if (turn !== undefined) await within(tools.clock, turn, end.graceSeconds - spentSeconds());
  await tools.runtime.containers.stop(end.id, graceLeft(end.graceSeconds, spentSeconds()));
}

/** For as long as the grace lasts: what takes longer goes on alone. */
async function runPreStop(tools: KillTools, end: ContainerEnd): Promise<void> {
  const preStop = end.container?.container.lifecycle?.preStop;
  if (preStop === undefined || end.graceSeconds <= 0) return;
  const { pod, container } = end;
  const target = {
    ...{ pod, containerId: end.id, podIP: end.podIP },
    container: container?.container as Container,
  };
  const run = tools.hooks.run(preStop, target).catch(() => {
    if (container === undefined) return;
    // Without the reason: what a hook answers may be secret.
    tools.record(pod, containerEvent(container, warning('FailedPreStopHook', 'PreStopHook failed')));
  });
  await within(tools.clock, run, end.graceSeconds);
}

/** Resolves with the promise, or when the time is over. */
async function within(clock: Clock, promise: Promise<unknown>, seconds: number): Promise<void> {
  if (seconds <= 0) return;
  const over = new AbortController();
  await Promise.race([promise, sleep(clock, seconds * 1000, over.signal)]);
  over.abort();
}

/**
 * Everything that runs, then the sandboxes. All hooks run at once; sidecars outlive the rest, and end in the reverse of
 * their order. Source: KEP-753, termination_order.go of kubelet/kuberuntime.
 */
export async function killPod(tools: KillTools, pod: Pod, observed: ObservedPod): Promise<void> {
  const known = new Map(containersOf(pod).map((each) => [each.container.name, each]));
  const running = observed.containers.filter(({ state }) => state === 'Running' || state === 'Unknown');
  const [podIP] = addressesOf(observed);
  const end = ({ id, name }: ObservedContainer, turn?: Promise<unknown>) => {
    const container = known.get(name);
    const seconds = graceSeconds(pod, container?.container, 'PodEnds');
    const message = `Stopping container ${name}`;
    return killContainer(tools, { pod, id, container, podIP, message, graceSeconds: seconds }, turn);
  };
  const isSidecar = ({ name }: ObservedContainer) => known.get(name)?.role === 'sidecar';
  const ends = running.filter((container) => !isSidecar(container)).map((container) => end(container));
  const order = [...known.keys()];
  const sidecars = running
    .filter(isSidecar)
    .sort((left, right) => order.indexOf(right.name) - order.indexOf(left.name));
  for (const sidecar of sidecars) ends.push(end(sidecar, Promise.allSettled([...ends])));
  await settled(ends);
  await settled(observed.sandboxes.map(({ id }) => tools.runtime.sandboxes.stop(id)));
}

/** All of them are tried; the first failure is thrown after that. */
async function settled(tasks: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(tasks);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
