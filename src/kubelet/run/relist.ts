/** Finds out what has changed in the runtime, for all pods at once. Source: kubelet/pleg/generic.go. */
import type { ContainerRuntime } from '../../cri/runtime.ts';
import { podLabels } from '../labels.ts';

/** By the pod's uid: what it has, in a text that differs when anything has changed. */
export type RuntimeView = ReadonlyMap<string, string>;

export async function listRuntime(runtime: ContainerRuntime): Promise<RuntimeView> {
  const [sandboxes, containers] = await Promise.all([runtime.sandboxes.list(), runtime.containers.list()]);
  const parts = new Map<string, string[]>();
  for (const { id, state, labels } of [...sandboxes, ...containers]) {
    const uid = labels[podLabels.uid];
    if (uid === undefined) continue;
    const list = parts.get(uid) ?? [];
    list.push(`${id} ${state}`);
    parts.set(uid, list);
  }
  return new Map([...parts].map(([uid, list]) => [uid, list.sort().join('\n')]));
}

/** The pods of which something is different, or gone. */
export function changedPods(before: RuntimeView, now: RuntimeView): string[] {
  const uids = new Set([...before.keys(), ...now.keys()]);
  return [...uids].filter((uid) => before.get(uid) !== now.get(uid));
}
