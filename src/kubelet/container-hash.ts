import type { Container } from '../kinds/generated/types.ts';

/**
 * Of the definition a container is made from: only name and image, so that nothing but another image makes a running
 * container a stale one. Source: HashContainer of kubelet/container/helpers.go (FNV-1a, 32 bits).
 */
export function containerHash({ name, image = '' }: Container): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(JSON.stringify({ image, name })))
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16);
}
