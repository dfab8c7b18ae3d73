/** The network namespace of a pod on this machine, found by its processes: their cgroups name the pod's uid. */
import { readdir, readFile } from 'node:fs/promises';
import type { Pod } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import { mirrorPodAnnotation } from '../../kinds/pod/validate-annotations.ts';

/** Static pods are known to the runtime by the uid of their source. */
const sourceUidAnnotation = 'kubernetes.io/config.hash';

/** `0::/kubepods/burstable/pod1234-.../abc`: ours are named so whatever the depth; systemd's driver writes `_`. */
export function isInPod(cgroups: string, uid: string): boolean {
  const names = [`pod${uid}`, `-pod${uid.replaceAll('-', '_')}.slice`];
  return cgroups.split('\n').some((line) => {
    const folders = line.slice(line.indexOf('/')).split('/');
    return folders.some((folder) => folder === names[0] || folder.endsWith(names[1] ?? ''));
  });
}

/** `/proc/4711/ns/net`; undefined when no process of the pod runs here. */
export async function podNetwork({ metadata }: Pick<Pod, 'metadata'>): Promise<string | undefined> {
  // On any other pod its author could name somebody else's.
  const isMirror = getOwn(metadata.annotations, mirrorPodAnnotation) !== undefined;
  const sourceUid = isMirror ? getOwn(metadata.annotations, sourceUidAnnotation) : undefined;
  const uids = [sourceUid, metadata.uid].filter((uid) => uid !== undefined && uid !== '') as string[];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    // It may have ended since.
    const cgroups = await readFile(`/proc/${entry}/cgroup`, 'utf8').catch(() => '');
    if (uids.some((uid) => isInPod(cgroups, uid))) return `/proc/${entry}/ns/net`;
  }
  return undefined;
}
