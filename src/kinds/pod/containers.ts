/** All containers of a pod, each with its place. The order is upstream's: init, regular, ephemeral. */
import type { Path } from '../field.ts';
import type { Container, EphemeralContainer, PodSpec } from '../generated/types.ts';

export interface PlacedContainer {
  readonly container: Container | EphemeralContainer;
  readonly at: Path;
}

/** `at` is the path of the spec. */
export function placedContainers(spec: PodSpec, at: Path): PlacedContainer[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((name) =>
    (spec[name] ?? []).map((container, index) => ({ container, at: at.child(name).index(index) })),
  );
}
