/** For tests of what is wrong with a pod: pods that differ from a good one in one place. */
import assert from 'node:assert/strict';
import type { Container, Pod, PodSpec, Volume } from '../generated/types.ts';
import { pod } from '../pod.ts';
import { createErrors } from '../test-kit.ts';

const web: Container = { name: 'web', image: 'nginx:1' };

export const withSpec = (spec: Partial<PodSpec>, metadata: Partial<Pod['metadata']> = {}): Pod => ({
  metadata: { name: 'web', namespace: 'default', ...metadata },
  spec: { containers: [web], ...spec },
});

export const withContainer = (container: Partial<Container>, spec: Partial<PodSpec> = {}): Pod =>
  withSpec({ ...spec, containers: [{ ...web, ...container }] });

export const withVolume = (...volumes: Volume[]): Pod => withSpec({ volumes });

/** Each pod with all that is wrong with it when it is created. */
export type Cases = Record<string, [Pod, string[]]>;

export function check(cases: Cases): void {
  for (const [name, [object, expected]] of Object.entries(cases))
    assert.deepEqual(createErrors(pod, object), expected, name);
}
