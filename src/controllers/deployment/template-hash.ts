/**
 * The pod-template-hash label, which keeps the pods of one revision of a Deployment apart from those of another.
 * Upstream hashes Go's printed form of the template, which nothing else can reproduce; any stable hash will do, since
 * replica sets are found by comparing templates, not by name.
 */
import type { PodTemplateSpec } from '../../kinds/generated/types.ts';
import { semanticEqual } from '../../kinds/pod/equality.ts';

export const templateHashLabel = 'pod-template-hash';

/** No vowels and no look-alikes: k8s.io/apimachinery util/rand SafeEncodeString. */
const letters = 'bcdfghjklmnpqrstvwxz2456789';

/** JSON with sorted keys: the same template, the same text. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined && each !== null)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`;
}

/** FNV-1a, 32 bits. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** `collisions` (status.collisionCount) makes another name when this one is taken. */
export function templateHash(template: PodTemplateSpec, collisions: number | undefined): string {
  const text = canonical(template) + (collisions === undefined ? '' : `#${collisions}`);
  return [...String(hash32(text))].map((digit) => letters[digit.charCodeAt(0) % letters.length]).join('');
}

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const { [templateHashLabel]: _hash, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}

/** Whether two templates make the same pods. */
export const sameTemplate = (
  left: PodTemplateSpec | undefined,
  right: PodTemplateSpec | undefined,
): boolean => semanticEqual(withoutHash(left), withoutHash(right));
