/** A pod's claims, and the volumes that those get which wait until it is known where the pod runs. */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import type { LabeledNode } from '../kinds/pod/node-selector.ts';
import { bestVolume, bindCompleted, classOf, noProvisioner, selectedNode } from '../kinds/volume-match.ts';
import { type Cycle, type Lookups, type Rejection, unresolvable } from './plugin.ts';
import type { PodView } from './pod-view.ts';

const unbound = unresolvable('pod has unbound immediate PersistentVolumeClaims');

interface ClaimName {
  readonly name: string;
  readonly isEphemeral: boolean;
}

/** Names of the pod's claims; a generic ephemeral volume's is made of the pod's name and its own. */
export function claimNames({ metadata, spec }: Pod): ClaimName[] {
  return (spec?.volumes ?? []).flatMap((volume): ClaimName[] => {
    const name = volume.persistentVolumeClaim?.claimName;
    if (name !== undefined) return [{ name, isEphemeral: false }];
    return volume.ephemeral == null ? [] : [{ name: `${metadata.name}-${volume.name}`, isEphemeral: true }];
  });
}

export interface Claims {
  readonly volumes: readonly PersistentVolume[];
  readonly isVolumeGone: boolean;
  /** Not bound yet, because nobody knew where. */
  readonly delayed: readonly PersistentVolumeClaim[];
}

export function isClaimBound({ metadata, spec }: PersistentVolumeClaim): boolean {
  return (spec?.volumeName ?? '') !== '' && getOwn(metadata.annotations, bindCompleted) !== undefined;
}

export function readClaims(pod: PodView, { lookups }: Pick<Cycle, 'lookups'>): Claims | Rejection {
  const volumes: PersistentVolume[] = [];
  const delayed: PersistentVolumeClaim[] = [];
  let isVolumeGone = false;
  for (const { name, isEphemeral } of claimNames(pod.pod)) {
    const claim = lookups.claim(`${pod.namespace}/${name}`);
    if (claim === undefined)
      return unresolvable(
        isEphemeral
          ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
          : `persistentvolumeclaim "${name}" not found`,
      );
    const volumeName = claim.spec?.volumeName ?? '';
    if (claim.status?.phase === 'Lost')
      return unresolvable(
        `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${volumeName}"`,
      );
    if (claim.metadata.deletionTimestamp !== undefined)
      return unresolvable(`persistentvolumeclaim "${name}" is being deleted`);
    if (isClaimBound(claim)) {
      const volume = lookups.volume(volumeName);
      if (volume === undefined) isVolumeGone = true;
      else volumes.push(volume);
      continue;
    }
    const storageClass = lookups.storageClass(classOf(claim));
    if (volumeName !== '' || storageClass?.volumeBindingMode !== 'WaitForFirstConsumer') return unbound;
    delayed.push(claim);
  }
  return { volumes, isVolumeGone, delayed };
}

export interface VolumeChoice {
  readonly claim: PersistentVolumeClaim;
  /** Undefined: somebody makes one, when the claim says where. */
  readonly volume: PersistentVolume | undefined;
}

/**
 * A volume for each of the claims, never the same twice; undefined when the node cannot have them all. A claim that says for
 * which node its volume is made waits for that one: whoever makes it takes the word back when it cannot be.
 */
export function chooseVolumes(
  claims: readonly PersistentVolumeClaim[],
  node: LabeledNode,
  lookups: Lookups,
): VolumeChoice[] | undefined {
  const taken = new Set<string>();
  const choices: VolumeChoice[] = [];
  for (const claim of claims) {
    const selected = getOwn(claim.metadata.annotations, selectedNode);
    if (selected !== undefined && selected !== node.name) return undefined;
    const volume = selected === undefined ? bestVolume(lookups.volumes(), claim, { node, taken }) : undefined;
    if (volume === undefined) {
      const provisioner = lookups.storageClass(classOf(claim))?.provisioner ?? noProvisioner;
      if (provisioner === noProvisioner) return undefined;
    } else taken.add(volume.metadata.name ?? '');
    choices.push({ claim, volume });
  }
  return choices;
}
