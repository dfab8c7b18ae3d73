/**
 * Pods that have written more than they may, whatever the node has left. Pure. Source: localStorageEviction of
 * kubelet/eviction/eviction_manager.go.
 */
import type { Pod } from '../../kinds/generated/types.ts';
import { type AmountMap, addAmounts, readAmounts } from '../../kinds/pod/amounts.ts';
import { readQuantity } from '../../kinds/quantities.ts';
import { value } from '../../lib/quantity.ts';
import { type DiskReading, sum } from '../stats/readings.ts';

const resource = 'ephemeral-storage';

/** Whether it is worth looking what the pod has written. */
export function hasLocalLimits({ spec }: Pod): boolean {
  return (
    (spec?.volumes ?? []).some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) ||
    (spec?.containers ?? []).some(({ resources }) => resources?.limits?.[resource] !== undefined)
  );
}

/** What it is told; undefined: it keeps its limits. */
export function localExcess(pod: Pod, disk: DiskReading): string | undefined {
  return volumeExcess(pod, disk) ?? podExcess(pod, disk) ?? containerExcess(pod, disk);
}

function volumeExcess({ spec }: Pod, { volumes }: DiskReading): string | undefined {
  for (const { name, emptyDir } of spec?.volumes ?? []) {
    if (emptyDir?.sizeLimit === undefined) continue;
    const limit = readQuantity(emptyDir.sizeLimit);
    const most = value(limit);
    if (most > 0n && BigInt(Math.ceil(volumes.get(name) ?? 0)) > most)
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${limit.text}". `;
  }
  return undefined;
}

/** All containers together, and the volumes on the disk; none where one of them has no limit. */
function podExcess({ spec }: Pod, { containers, volumes }: DiskReading): string | undefined {
  const limits: AmountMap = new Map();
  for (const { resources } of spec?.containers ?? []) addAmounts(limits, readAmounts(resources?.limits));
  const limit = limits.get(resource);
  if (limit === undefined) return undefined;
  const onDisk = (spec?.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined && !emptyDir.medium);
  const used = sum(containers.values()) + sum(onDisk.map(({ name }) => volumes.get(name) ?? 0));
  if (used <= Number(value(limit))) return undefined;
  return `Pod ephemeral local storage usage exceeds the total limit of containers ${limit.text}. `;
}

function containerExcess({ spec }: Pod, { containers }: DiskReading): string | undefined {
  for (const { name, resources } of spec?.containers ?? []) {
    const limit = readAmounts(resources?.limits).get(resource);
    if (limit !== undefined && (containers.get(name) ?? 0) > Number(value(limit)))
      return `Container ${name} exceeded its local ephemeral storage limit "${limit.text}". `;
  }
  return undefined;
}
