/**
 * What a simulated container does, said by annotations of its pod. `sim.wherry.dev/NAME` is for everything in
 * `containers`, `sim.wherry.dev/NAME.CONTAINER` for one container, init containers and sidecars among them. They are
 * read at every step, so a change holds at once. See docs/simulation.md.
 */
import type { Container, Pod } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { annotationSecondsMax } from './limits.ts';

const annotationPrefix = 'sim.wherry.dev/';

/** An init container; one with restartPolicy Always, which goes on beside the rest; one of `containers`. */
export type ContainerRole = 'init' | 'sidecar' | 'app';

export interface Behaviour {
  /** From when it may start until it runs. */
  readonly startMilliseconds: number;
  /** From when it runs until it is ready. */
  readonly readyMilliseconds: number;
  readonly neverReady: boolean;
  /** Undefined: it runs until it is stopped. */
  readonly exitAfterMilliseconds: number | undefined;
  readonly exitCode: number;
  readonly imageMissing: boolean;
  /** From the signal to stop until it has ended. */
  readonly stopMilliseconds: number;
}

const defaultSeconds = { start: 1, stop: 1, exit: 1 } as const;

type Read = (name: string) => string | undefined;

/** Undefined for what is no number of seconds; kubelet, too, ignores annotations that it cannot read. */
function seconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,6}(\.\d{1,3})?$/.test(text)) return undefined;
  return Math.min(annotationSecondsMax, Number(text));
}

function exitCodeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,3}$/.test(text) && Number(text) <= 255 ? Number(text) : undefined;
}

const reader =
  (pod: Pod, container: string, role: ContainerRole): Read =>
  (name) =>
    getOwn(pod.metadata.annotations, `${annotationPrefix}${name}.${container}`) ??
    (role !== 'app' ? undefined : getOwn(pod.metadata.annotations, annotationPrefix + name));

/** Work that is meant to end: an init container, or a container of a Job. */
function endsByItself(pod: Pod, role: ContainerRole): boolean {
  if (role !== 'app') return role === 'init';
  return pod.metadata.ownerReferences?.some(({ kind, controller }) => kind === 'Job' && controller) ?? false;
}

export function behaviourOf(pod: Pod, container: Container, role: ContainerRole): Behaviour {
  const read = reader(pod, container.name, role);
  const isTrue = (name: string) => read(name) === 'true';
  const crash = isTrue('crash');
  const exitCode = exitCodeOf(read('exit-code')) ?? (crash ? 1 : 0);
  const exitAfter = seconds(read('exit-after-seconds'));
  const exits = crash || read('exit-code') !== undefined || endsByItself(pod, role);
  const ready = seconds(read('ready-seconds')) ?? container.readinessProbe?.initialDelaySeconds ?? 0;
  return {
    startMilliseconds: (seconds(read('start-seconds')) ?? defaultSeconds.start) * 1000,
    readyMilliseconds: ready * 1000,
    neverReady: isTrue('never-ready'),
    exitAfterMilliseconds:
      exitAfter !== undefined ? exitAfter * 1000 : exits ? defaultSeconds.exit * 1000 : undefined,
    exitCode,
    imageMissing: isTrue('image-missing'),
    stopMilliseconds: (seconds(read('stop-seconds')) ?? defaultSeconds.stop) * 1000,
  };
}
