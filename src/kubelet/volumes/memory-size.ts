/**
 * How much a file system in memory may hold. What it holds counts as its pod's, so there is never more room in it than the
 * pod may take. Source: calculateEmptyDirMemorySize of pkg/volume/emptydir, KEP-1967.
 */
import type { PodSpec } from '../../kinds/generated/types.ts';
import { readQuantity } from '../../kinds/quantities.ts';
import { podAmounts } from '../../kinds/quota/pod-resources.ts';
import { value } from '../../lib/quantity.ts';

const bytesOf = (text: string | undefined): number => Number(value(readQuantity(text)));

/** What all of its containers together may take; 0 when one of them may take as much as it likes. */
function podLimit(spec: PodSpec): number {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const isLimited =
    spec.resources?.limits?.memory !== undefined ||
    containers.every(({ resources }) => bytesOf(resources?.limits?.memory) > 0);
  const limit = podAmounts(spec, 'limits').get('memory');
  return isLimited && limit !== undefined ? Number(value(limit)) : 0;
}

/** Bytes; undefined when nothing bounds it. `sizeLimit`: the volume's own. */
export function memoryBytes(
  spec: PodSpec,
  { sizeLimit, allocatable }: { sizeLimit: string | undefined; allocatable: string | undefined },
): number | undefined {
  const bounds = [bytesOf(sizeLimit), podLimit(spec), bytesOf(allocatable)].filter((bytes) => bytes > 0);
  return bounds.length === 0 ? undefined : Math.min(...bounds);
}
