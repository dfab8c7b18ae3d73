/**
 * Removes images that no container uses, the longest unused first, when their disk fills up. Source:
 * kubelet/images/image_gc_manager.go.
 */
import type { EventText } from '../../client/change.ts';
import type { Image } from '../../cri/container-types.ts';
import type { ContainerRuntime } from '../../cri/runtime.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import type { Logger } from '../../lib/log.ts';
import { kubeletLimits } from '../limits.ts';
import type { FilesystemReading } from '../stats/readings.ts';

export interface ImageCollectorOptions {
  readonly runtime: Pick<ContainerRuntime, 'containers' | 'images'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  /** Names of images that no container shows and every pod needs: the sandboxes'. */
  readonly keeps?: readonly string[];
  /** Of the disk where images are. */
  readonly filesystem: () => Promise<FilesystemReading>;
  readonly record?: (event: EventText) => void;
  /** Percent; upstream's unless given. */
  readonly high?: number;
  readonly low?: number;
}

interface Seen {
  readonly firstAt: number;
  readonly usedAt: number;
}

const namesOf = ({ id, repoTags, repoDigests }: Image): string[] => [id, ...repoTags, ...repoDigests];

export class ImageCollector {
  readonly #options: ImageCollectorOptions;
  /** By id: as many as the node has images. */
  #seen = new Map<string, Seen>();

  constructor(options: ImageCollectorOptions) {
    this.#options = options;
  }

  /** Until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        await this.collect();
      } catch (failure) {
        log.warn('images could not be looked through', { error: String(failure) });
      }
      if (!signal.aborted) await sleep(clock, kubeletLimits.imagesMilliseconds, signal);
    }
  }

  /** One look. Gives the ids of what was removed. */
  async collect(): Promise<string[]> {
    const {
      filesystem,
      high = kubeletLimits.imagesHighPercent,
      low = kubeletLimits.imagesLowPercent,
    } = this.#options;
    const unused = await this.#unused();
    const { capacityBytes, availableBytes } = await filesystem();
    if (capacityBytes === 0) return [];
    const usedPercent = 100 - Math.floor((availableBytes * 100) / capacityBytes);
    if (usedPercent < high) return [];
    const wanted = Math.floor((capacityBytes * (100 - low)) / 100) - availableBytes;
    const { removed, freed } = await this.#free(unused, wanted);
    if (freed < wanted) this.#tellShort(wanted, freed);
    return removed;
  }

  /** All that nobody uses: the disk is needed now. */
  async removeUnused(): Promise<string[]> {
    return (await this.#free(await this.#unused(), Number.POSITIVE_INFINITY)).removed;
  }

  /** Those that may go, the longest unused first. */
  async #unused(): Promise<Image[]> {
    const { runtime, clock } = this.#options;
    const [images, containers] = await Promise.all([runtime.images.list(), runtime.containers.list()]);
    const now = clock.monotonic();
    const used = containers.flatMap(({ image, imageRef }) => [image, imageRef]);
    const names = new Set([...used, ...(this.#options.keeps ?? [])]);
    const isUsed = (image: Image): boolean => namesOf(image).some((name) => names.has(name));
    this.#seen = new Map(
      images.map((image) => {
        const before = this.#seen.get(image.id) ?? { firstAt: now, usedAt: Number.NEGATIVE_INFINITY };
        return [image.id, isUsed(image) ? { ...before, usedAt: now } : before];
      }),
    );
    const seenOf = ({ id }: Image): Seen => this.#seen.get(id) as Seen;
    return images
      .filter((image) => !image.pinned && !isUsed(image))
      .sort(
        (left, right) =>
          order(seenOf(left).usedAt, seenOf(right).usedAt) || seenOf(left).firstAt - seenOf(right).firstAt,
      );
  }

  async #free(images: readonly Image[], bytes: number): Promise<{ removed: string[]; freed: number }> {
    const { runtime, clock, log } = this.#options;
    const removed: string[] = [];
    let freed = 0;
    for (const image of images) {
      if (freed >= bytes) break;
      // A container may be about to be made of it.
      const age = clock.monotonic() - (this.#seen.get(image.id)?.firstAt ?? 0);
      if (age < kubeletLimits.imageAgeMillisecondsMin) continue;
      try {
        await runtime.images.remove(image.id);
        freed += image.sizeBytes;
        removed.push(image.id);
      } catch (failure) {
        log.warn('an image could not be removed', { image: image.id, error: String(failure) });
      }
    }
    return { removed, freed };
  }

  #tellShort(wanted: number, freed: number): void {
    const { nodeName: name, record } = this.#options;
    record?.({
      regarding: { kind: 'Node', name, uid: name },
      type: 'Warning',
      reason: 'FreeDiskSpaceFailed',
      message: `Failed to garbage collect required amount of images. Attempted to free ${wanted} bytes, but only found ${freed} bytes eligible to free.`,
    });
  }
}

/** Never used is less than any time, and the same as never used. */
const order = (left: number, right: number): number => (left === right ? 0 : left < right ? -1 : 1);
