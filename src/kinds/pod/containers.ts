/** All containers of a pod, each with its place. The order is upstream's: init, regular, ephemeral. */
import type { Path } from '../field.ts';
import type { Container, EphemeralContainer, PodSpec } from '../generated/types.ts';

export interface PlacedContainer {
  readonly container: Container | EphemeralContainer;
  readonly at: Path;
}

/** `at` is the path of the spec. */
export function placedContainers(spec: PodSpec, at: Path): PlacedContainer[] {
  const placed: PlacedContainer[] = [];
  for (const name of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    const containers = spec[name];
    if (containers == null) continue;
    const list = at.child(name);
    for (const [index, container] of containers.entries()) placed.push({ container, at: list.index(index) });
  }
  return placed;
}
