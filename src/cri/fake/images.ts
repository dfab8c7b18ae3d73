import { sleep } from '../../lib/clock.ts';
import type { Image } from '../container-types.ts';
import { CriError } from '../errors.ts';
import type { Images } from '../runtime.ts';
import { type FakeState, findImage, refusal, wholeImageName } from './state.ts';

/** What a registry answers for a name: an image, or a refusal, after a while. */
export interface FakeRegistryEntry {
  readonly image?: Image;
  /** Why not; the code is UNKNOWN unless it is a CriError. */
  readonly refusal?: string | CriError;
  readonly milliseconds?: number;
  /** Only who says so gets it: `user:password`. */
  readonly identity?: string;
}

/** By whole name: `docker.io/library/busybox:latest`. What is not there is not found. */
export type FakeRegistry = ReadonlyMap<string, FakeRegistryEntry>;

export function fakeImages(state: FakeState, registry: FakeRegistry): Images {
  return {
    list: async () => {
      await state.fault('ListImages');
      return [...state.images.values()];
    },
    status: async (name) => {
      await state.fault('ImageStatus');
      return findImage(state, name);
    },
    pull: async (name, { auth } = {}) => {
      await state.fault('PullImage');
      const whole = wholeImageName(name);
      const entry = registry.get(whole);
      if (entry?.milliseconds !== undefined) await sleep(state.clock, entry.milliseconds);
      if (entry?.refusal instanceof CriError) throw entry.refusal;
      if (entry?.identity !== undefined && entry.identity !== `${auth?.username}:${auth?.password}`) {
        const denied = 'pull access denied, repository does not exist or may require authorization';
        const details = `failed to resolve reference "${whole}": ${denied}`;
        throw refusal('PullImage', `failed to pull and unpack image "${whole}": ${details}`, 'UNKNOWN');
      }
      if (entry?.image === undefined) {
        const details = entry?.refusal ?? `failed to resolve reference "${whole}": ${whole}: not found`;
        const code = entry?.refusal === undefined ? 'NOT_FOUND' : 'UNKNOWN';
        throw refusal('PullImage', `failed to pull and unpack image "${whole}": ${details}`, code);
      }
      const known = state.images.get(entry.image.id) ?? entry.image;
      const repoTags = [...new Set([...known.repoTags, whole])];
      state.images.set(entry.image.id, { ...known, repoTags });
      return entry.image.id;
    },
    remove: async (name) => {
      await state.fault('RemoveImage');
      const image = findImage(state, name);
      if (image !== undefined) state.images.delete(image.id);
    },
    usage: async () => {
      await state.fault('ImageFsInfo');
      const usedBytes = [...state.images.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      return [{ mountpoint: '/fake', usedBytes, inodesUsed: state.images.size }];
    },
  };
}
