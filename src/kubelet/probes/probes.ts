/** Asks every container that has a probe, in its rhythm, and knows what holds. Source: kubelet/prober. */
import type { ContainerRuntime } from '../../cri/runtime.ts';
import type { Container, Pod, Probe } from '../../kinds/generated/types.ts';
import type { Clock } from '../../lib/clock.ts';
import { containersOf, type PodContainer } from '../containers.ts';
import { addressesOf, newestContainer, type ObservedPod } from '../observed.ts';
import type { ProbeResult } from '../plan-types.ts';
import { containerEvent, type RecordPodEvent, warning } from '../run/pod-event.ts';
import type { PodProbes } from '../run/tools.ts';
import { type ProbeAnswer, type ProbeNetwork, probeOnce } from './probe-once.ts';
import { firstState, type ProbeState, withAnswer } from './verdict.ts';

export interface ProbesOptions {
  readonly runtime: ContainerRuntime;
  readonly network: ProbeNetwork;
  readonly clock: Clock;
  readonly record: RecordPodEvent;
  /** What holds has changed for a container of this pod. */
  readonly onChange: (podUid: string) => void;
}

const kinds = ['startup', 'liveness', 'readiness'] as const;
type ProbeKind = (typeof kinds)[number];

const probeOf = (container: Container, kind: ProbeKind): Probe | undefined =>
  kind === 'startup'
    ? container.startupProbe
    : kind === 'liveness'
      ? container.livenessProbe
      : container.readinessProbe;

const titles = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;
const periodSecondsDefault = 10;

/** One probe of one running container. */
interface Worker {
  readonly kind: ProbeKind;
  readonly container: PodContainer;
  readonly probe: Probe;
  readonly containerId: string;
  readonly startedAt: number;
  pod: Pod;
  podIP: string | undefined;
  state: ProbeState;
  cancel: () => void;
  isOver: boolean;
}

/**
 * What an earlier kubelet has found out holds until this one finds otherwise: else every start of an agent would take
 * healthy pods out of their Services for a moment. Source: KEP-4781.
 */
function stateBefore(kind: ProbeKind, { status }: Pod, containerId: string): ProbeState {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const before = statuses.find(({ containerID = '' }) => containerID.endsWith(`://${containerId}`));
  if (before?.state?.running === undefined) return firstState;
  const isPodReady = status?.conditions?.some(
    ({ type, status: holds }) => type === 'Ready' && holds === 'True',
  );
  const held =
    kind === 'startup'
      ? before.started === true
      : kind === 'readiness' && before.ready && isPodReady === true;
  return held ? { verdict: 'Success', last: 'Success', run: 1 } : firstState;
}

export class Probes implements PodProbes {
  readonly #options: ProbesOptions;
  /** By pod, then by kind and container id: as many as running containers have probes. */
  readonly #workers = new Map<string, Map<string, Worker>>();
  /** By pod: the look under way. */
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(options: ProbesOptions) {
    this.#options = options;
  }

  readonly liveness = (containerId: string): ProbeResult => this.#verdict('liveness', containerId);
  readonly readiness = (containerId: string): ProbeResult => this.#verdict('readiness', containerId);
  readonly startup = (containerId: string): ProbeResult => this.#verdict('startup', containerId);

  /** After each look at a pod: asks what runs, forgets what does not. */
  follow(pod: Pod, observed: ObservedPod): void {
    const uid = pod.metadata.uid ?? '';
    const workers = this.#workers.get(uid) ?? new Map<string, Worker>();
    this.#workers.set(uid, workers);
    const wanted = new Set<string>();
    const [podIP] = addressesOf(observed);
    for (const container of containersOf(pod)) {
      const running = newestContainer(observed, container.container.name);
      if (running?.state !== 'Running' || container.role === 'init' || container.role === 'ephemeral')
        continue;
      for (const kind of kinds) {
        const probe = probeOf(container.container, kind);
        // What is being ended is not killed for being ill.
        if (probe === undefined || (kind !== 'readiness' && pod.metadata.deletionTimestamp !== undefined))
          continue;
        const key = `${kind}/${running.id}`;
        wanted.add(key);
        const worker = workers.get(key);
        if (worker !== undefined) Object.assign(worker, { pod, podIP });
        else
          workers.set(
            key,
            this.#start({
              ...{ kind, container, probe, pod, podIP, containerId: running.id },
              ...{ startedAt: running.startedAt ?? running.createdAt },
              state: stateBefore(kind, pod, running.id),
              ...{ cancel: () => {}, isOver: false },
            }),
          );
      }
    }
    for (const [key, worker] of workers)
      if (!wanted.has(key)) {
        this.#end(worker);
        workers.delete(key);
      }
    if (workers.size === 0) this.#workers.delete(uid);
  }

  listen(podUid: string, onChange: () => void): () => void {
    const listeners = this.#listeners.get(podUid) ?? new Set();
    this.#listeners.set(podUid, listeners.add(onChange));
    return () => {
      listeners.delete(onChange);
      if (listeners.size === 0) this.#listeners.delete(podUid);
    };
  }

  forget(podUid: string): void {
    for (const worker of this.#workers.get(podUid)?.values() ?? []) this.#end(worker);
    this.#workers.delete(podUid);
  }

  close(): void {
    for (const uid of [...this.#workers.keys()]) this.forget(uid);
  }

  #verdict(kind: ProbeKind, containerId: string): ProbeResult {
    const key = `${kind}/${containerId}`;
    for (const workers of this.#workers.values()) {
      const worker = workers.get(key);
      if (worker !== undefined) return worker.state.verdict;
    }
    return undefined;
  }

  #end(worker: Worker): void {
    worker.isOver = true;
    worker.cancel();
  }

  /** The first time as soon as it may be asked, then in its period. */
  #start(worker: Worker): Worker {
    const due = worker.startedAt + (worker.probe.initialDelaySeconds ?? 0) * 1000;
    this.#askAfter(worker, Math.max(0, due - this.#options.clock.now()));
    return worker;
  }

  #askAfter(worker: Worker, milliseconds: number): void {
    worker.cancel = this.#options.clock.after(milliseconds, () => void this.#ask(worker));
  }

  async #ask(worker: Worker): Promise<void> {
    if (this.#mayAsk(worker)) {
      const { runtime, network } = this.#options;
      const target = {
        container: worker.container.container,
        containerId: worker.containerId,
        podIP: worker.podIP,
      };
      try {
        const answer = await probeOnce({ runtime, network }, worker.probe, target);
        if (!worker.isOver) this.#take(worker, answer);
      } catch (failure) {
        if (!worker.isOver) this.#take(worker, { answer: 'Error', output: String(failure) });
      }
    }
    if (worker.isOver) return;
    this.#askAfter(worker, (worker.probe.periodSeconds ?? periodSecondsDefault) * 1000);
  }

  /** What has just started up may be ready at once: its period is not waited for. Source: UpdatePodStatus of kubelet/prober. */
  #askIfReady(podUid: string, containerId: string): void {
    const worker = this.#workers.get(podUid)?.get(`readiness/${containerId}`);
    if (worker === undefined) return;
    worker.cancel();
    const due = worker.startedAt + (worker.probe.initialDelaySeconds ?? 0) * 1000;
    this.#askAfter(worker, Math.max(0, due - this.#options.clock.now()));
  }

  /** Nothing is asked before the container has started up; that is asked until it has. One that failed waits for its end. */
  #mayAsk({ kind, container, containerId, state }: Worker): boolean {
    if (kind !== 'readiness' && state.verdict === 'Failure') return false;
    if (kind === 'startup') return state.verdict !== 'Success';
    return container.container.startupProbe === undefined || this.startup(containerId) === 'Success';
  }

  #take(worker: Worker, { answer, output }: ProbeAnswer): void {
    const { kind, container, pod } = worker;
    const tell = (message: string) =>
      this.#options.record(pod, containerEvent(container, warning('Unhealthy', message)));
    if (answer === 'Error') {
      tell(`${titles[kind]} probe errored and resulted in unknown state: ${output}`);
      return;
    }
    if (answer === 'Failure') tell(`${titles[kind]} probe failed: ${output}`);
    if (answer === 'Warning')
      this.#options.record(
        pod,
        containerEvent(container, warning('ProbeWarning', `${titles[kind]} probe warning: ${output}`)),
      );
    const before = worker.state.verdict;
    worker.state = withAnswer(worker.state, answer === 'Warning' ? 'Success' : answer, worker.probe);
    if (worker.state.verdict === before) return;
    const { uid = '' } = pod.metadata;
    if (kind === 'startup' && worker.state.verdict === 'Success') this.#askIfReady(uid, worker.containerId);
    for (const listener of this.#listeners.get(uid) ?? []) listener();
    this.#options.onChange(uid);
  }
}
