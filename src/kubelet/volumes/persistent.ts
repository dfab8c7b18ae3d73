/**
 * Where a claim's volume is on this node. Source: kubelet/volumemanager/populator/desired_state_of_world_populator.go,
 * pkg/volume/local, pkg/volume/util (CheckNodeAffinity).
 */
import { stat } from 'node:fs/promises';
import type { Client } from '../../client/typed-client.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../kinds/generated/types.ts';
import { isNotFoundStatus } from '../../kinds/status.ts';
import { isVolumeReachable } from '../../kinds/volume-match.ts';
import { UnprocessedVolumeError, VolumeError } from '../run/volume-error.ts';
import { applyGroup } from './group.ts';
import { prepareHostPath } from './host-path.ts';

/** How the node reads claims and volumes: each time anew, since what is bound is asked for only until it is mounted. */
export interface StorageSource {
  claim(namespace: string, name: string): Promise<PersistentVolumeClaim>;
  volume(name: string): Promise<PersistentVolume>;
  /** Of the node itself, for volumes that are not everywhere. */
  nodeLabels(): Promise<Readonly<Record<string, string>>>;
}

export function clientStorage(client: Client, nodeName: string): StorageSource {
  return {
    claim: (namespace, name) => client.of('PersistentVolumeClaim').get({ namespace, name }),
    volume: (name) => client.of('PersistentVolume').get({ name }),
    nodeLabels: async () => (await client.of('Node').get({ name: nodeName })).metadata.labels ?? {},
  };
}

/** The claim that a pod's volume means; undefined for a volume of another kind. */
export function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.persistentVolumeClaim !== undefined) return volume.persistentVolumeClaim.claimName;
  return volume.ephemeral === undefined ? undefined : `${pod.metadata.name}-${volume.name}`;
}

const messageOf = (failure: unknown): string => (failure as Error).message;

export class PersistentVolumes {
  readonly #storage: StorageSource;
  readonly #nodeName: string;
  /** By pod, then by volume: as many as the node's pods have. */
  readonly #places = new Map<string, Map<string, string>>();

  constructor(options: { storage: StorageSource; nodeName: string }) {
    this.#storage = options.storage;
    this.#nodeName = options.nodeName;
  }

  forget(podUid: string): void {
    this.#places.delete(podUid);
  }

  /** The folder; once found, it is where the pod has it until its end. Throws VolumeError. */
  async prepare(pod: Pod, volume: Volume): Promise<string> {
    const uid = pod.metadata.uid ?? '';
    const known = this.#places.get(uid)?.get(volume.name);
    if (known !== undefined) return known;
    const place = await this.#find(pod, volume);
    const places = this.#places.get(uid) ?? new Map<string, string>();
    this.#places.set(uid, places.set(volume.name, place));
    return place;
  }

  async #find(pod: Pod, volume: Volume): Promise<string> {
    const { namespace = '' } = pod.metadata;
    const claimName = claimNameOf(pod, volume) ?? '';
    const refuse = (why: string, cause?: unknown): never => {
      const text = `error processing PVC ${namespace}/${claimName}: ${why}`;
      throw new UnprocessedVolumeError(volume.name, text, cause);
    };
    const claim = await this.#storage
      .claim(namespace, claimName)
      .catch((failure) => refuse(`failed to fetch PVC from API server: ${messageOf(failure)}`, failure));
    if (volume.ephemeral !== undefined && !isOwnedBy(claim, pod))
      refuse(
        `PVC ${namespace}/${claimName} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`,
      );
    if (claim.metadata.deletionTimestamp !== undefined) refuse('PVC is being deleted');
    const { volumeName = '' } = claim.spec ?? {};
    if (claim.status?.phase !== 'Bound' || volumeName === '') refuse('PVC is not bound');
    const bound = await this.#storage
      .volume(volumeName)
      .catch((failure) =>
        refuse(`failed to fetch PV "${volumeName}" from API server: ${messageOf(failure)}`, failure),
      );
    if (bound.spec?.claimRef?.uid !== claim.metadata.uid)
      refuse(`found PV object "${volumeName}" with an incorrect pvc.UID`);
    return this.#mount(pod, bound);
  }

  async #mount(pod: Pod, volume: PersistentVolume): Promise<string> {
    const { name = '' } = volume.metadata;
    const { hostPath, local, volumeMode, nodeAffinity } = volume.spec ?? {};
    if (nodeAffinity !== undefined) {
      const node = { name: this.#nodeName, labels: await this.#labels() };
      if (!isVolumeReachable(volume, node))
        throw new VolumeError(name, 'no matching NodeSelectorTerms', { step: 'NodeAffinity check' });
    }
    if (volumeMode === 'Block')
      throw new VolumeError(name, 'volumes of mode Block are not supported on this node');
    if (hostPath !== undefined) return prepareHostPath(name, hostPath);
    if (local === undefined) throw new VolumeError(name, 'this kind of volume is not supported on this node');
    const found = await stat(local.path).catch(() => undefined);
    if (found === undefined)
      throw new VolumeError(name, `path "${local.path}" does not exist`, {
        step: 'NewMounter initialization',
      });
    if (!found.isDirectory())
      throw new VolumeError(name, `path "${local.path}" is not a directory`, {
        step: 'NewMounter initialization',
      });
    await applyGroup(local.path, pod).catch((cause) => {
      throw new VolumeError(name, `applyFSGroup failed for vol ${name}: ${messageOf(cause)}`, { cause });
    });
    return local.path;
  }

  /** Without them nothing that asks for some is reachable. */
  async #labels(): Promise<Readonly<Record<string, string>>> {
    try {
      return await this.#storage.nodeLabels();
    } catch (failure) {
      if (isNotFoundStatus(failure)) return {};
      throw failure;
    }
  }
}

const isOwnedBy = ({ metadata }: PersistentVolumeClaim, pod: Pod): boolean =>
  metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === pod.metadata.uid) ??
  false;
