/** Gets a container its image, by its pull policy. Source: EnsureImageExists of kubelet/images/image_manager.go. */
import type { Image, ImageAuth } from '../../cri/container-types.ts';
import type { Images } from '../../cri/runtime.ts';
import type { SandboxConfig } from '../../cri/sandbox-types.ts';
import type { Pod, Secret } from '../../kinds/generated/types.ts';
import type { Clock } from '../../lib/clock.ts';
import { goDuration } from '../../lib/go-duration.ts';
import { Interrupted } from '../../lib/interrupt.ts';
import { type BackOffEntry, nextBackOff, remainingWait } from '../back-off.ts';
import type { PodContainer } from '../containers.ts';
import { imageName } from '../image-name.ts';
import { kubeletLimits } from '../limits.ts';
import { pullCredentials } from '../pull-credentials.ts';
import type { StartFailure } from '../status/container-status.ts';
import { containerEvent, normal, type PodEvent, type RecordPodEvent, warning } from './pod-event.ts';

export type PullOutcome =
  | { readonly image: Image }
  /** `again`: milliseconds after which it is worth another try. */
  | { readonly failure: StartFailure; readonly again: number | undefined };

export interface PullRequest {
  readonly pod: Pod;
  readonly container: PodContainer;
  readonly sandbox: SandboxConfig;
  /** Who may ask registries for it. */
  readonly secrets: readonly Secret[];
  /** Aborts when nobody waits for it any more: then it is not begun, and its failure is nobody's. */
  readonly signal?: AbortSignal | undefined;
}

interface Failed extends BackOffEntry {
  readonly message: string;
}

const pullBackOff = {
  millisecondsMin: kubeletLimits.pullBackOffMillisecondsMin,
  millisecondsMax: kubeletLimits.pullBackOffMillisecondsMax,
};

export class ImagePuller {
  readonly #images: Images;
  readonly #clock: Clock;
  readonly #record: RecordPodEvent;
  /** By pod and image: as many as pods on the node ask for. `forget` removes a pod's. */
  readonly #failed = new Map<string, Map<string, Failed>>();
  /** One after the other, as upstream's default: a thin line is not shared. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: { images: Images; clock: Clock; record: RecordPodEvent }) {
    this.#images = options.images;
    this.#clock = options.clock;
    this.#record = options.record;
  }

  forget(podUid: string): void {
    this.#failed.delete(podUid);
  }

  async ensure(request: PullRequest): Promise<PullOutcome> {
    const { pod, container } = request;
    const { image: asked = '', imagePullPolicy = 'IfNotPresent' } = container.container;
    const tell = (event: PodEvent) => this.#record(pod, containerEvent(container, event));
    const fail = (reason: string, message: string, again?: number): PullOutcome => {
      tell(warning('Failed', `Error: ${reason}`));
      return { failure: { reason, message }, again };
    };
    const parsed = imageName(asked);
    if ('problem' in parsed) {
      const message = `Failed to apply default image tag "${asked}": ${parsed.problem}`;
      tell(warning('InspectFailed', message));
      return fail('InvalidImageName', message);
    }
    let present: Image | undefined;
    try {
      present = await this.#images.status(parsed.name);
    } catch (failure) {
      const message = `Failed to inspect image "${asked}": ${(failure as Error).message}`;
      tell(warning('InspectFailed', message));
      return fail('ImageInspectError', message, kubeletLimits.pullBackOffMillisecondsMin);
    }
    if (present !== undefined && imagePullPolicy !== 'Always') {
      tell(
        normal(
          'Pulled',
          `Container image "${asked}" already present on machine and can be accessed by the pod`,
        ),
      );
      return { image: present };
    }
    if (imagePullPolicy === 'Never') {
      const message = `Container image "${asked}" is not present with pull policy of Never`;
      tell(warning('ErrImageNeverPull', message));
      return fail('ErrImageNeverPull', message);
    }
    const wait = this.#wait(pod, asked);
    if (wait !== undefined) {
      tell(normal('BackOff', `Back-off pulling image "${asked}"`));
      const message = `Back-off pulling image "${asked}": ErrImagePull: ${wait.message}`;
      return fail('ImagePullBackOff', message, wait.milliseconds);
    }
    return this.#pull(request, { asked, name: parsed.name, tell, fail });
  }

  /** How long this image is not asked for again for this pod, and why. */
  #wait(pod: Pod, asked: string): { milliseconds: number; message: string } | undefined {
    const entry = this.#failed.get(pod.metadata.uid ?? '')?.get(asked);
    if (entry === undefined) return undefined;
    const times = { since: entry.setAt, now: this.#clock.now() };
    const milliseconds = remainingWait(entry, times, pullBackOff);
    return milliseconds === 0 ? undefined : { milliseconds, message: entry.message };
  }

  async #pull(
    request: PullRequest,
    task: {
      asked: string;
      name: string;
      tell: (event: PodEvent) => void;
      fail: (reason: string, message: string, again?: number) => PullOutcome;
    },
  ): Promise<PullOutcome> {
    const { asked, name, tell, fail } = task;
    const { signal } = request;
    tell(normal('Pulling', `Pulling image "${asked}"`));
    const asking = this.#clock.monotonic();
    let pulling = asking;
    const done = this.#queue.then(async () => {
      if (signal?.aborted) throw new Interrupted();
      pulling = this.#clock.monotonic();
      const { sandbox, secrets } = request;
      const reference = await this.#pullAsAny(name, { sandbox, identities: pullCredentials(name, secrets) });
      return this.#images.status(reference);
    });
    this.#queue = done.catch(() => {});
    try {
      const image = await done;
      if (image === undefined) throw new Error(`image "${asked}" is gone again`);
      const now = this.#clock.monotonic();
      tell(
        normal(
          'Pulled',
          `Successfully pulled image "${asked}" in ${goDuration(now - pulling)} (${goDuration(now - asking)} including waiting). Image size: ${image.sizeBytes} bytes.`,
        ),
      );
      this.#failed.get(request.pod.metadata.uid ?? '')?.delete(asked);
      return { image };
    } catch (failure) {
      if (signal?.aborted) throw new Interrupted();
      const { message } = failure as Error;
      tell(warning('Failed', `Failed to pull image "${asked}": ${message}`));
      return fail('ErrImagePull', message, this.#note(request.pod, asked, message));
    }
  }

  /** Tries one identity after the other until one is let in. */
  async #pullAsAny(
    name: string,
    { sandbox, identities }: { sandbox: SandboxConfig; identities: readonly ImageAuth[] },
  ): Promise<string> {
    if (identities.length === 0) return this.#images.pull(name, { sandbox });
    const failures: string[] = [];
    for (const auth of identities)
      try {
        return await this.#images.pull(name, { sandbox, auth });
      } catch (failure) {
        failures.push((failure as Error).message);
      }
    // As Go puts several errors together: each once.
    const [first = '', ...others] = new Set(failures);
    throw new Error(others.length === 0 ? first : `[${[first, ...others].join(', ')}]`);
  }

  /** Remembers a failure; the wait that follows it. */
  #note(pod: Pod, asked: string, message: string): number {
    const uid = pod.metadata.uid ?? '';
    const ofPod = this.#failed.get(uid) ?? new Map<string, Failed>();
    this.#failed.set(uid, ofPod);
    const now = this.#clock.now();
    const entry = nextBackOff(ofPod.get(asked), { since: now, now }, pullBackOff);
    ofPod.set(asked, { ...entry, message });
    return entry.milliseconds;
  }
}
