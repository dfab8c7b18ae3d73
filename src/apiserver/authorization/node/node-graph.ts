/**
 * What belongs to whose pods, kept from the watch cache's events: a question costs a lookup, however many pods there
 * are. Edges as upstream's: node <- pod <- secret, configmap, claim, account; claim <- volume <- secret. Source:
 * plugin/pkg/auth/authorizer/node/graph.go of Kubernetes.
 */
import type { PersistentVolume, Pod } from '../../../kinds/generated/types.ts';
import { getOwn } from '../../../kinds/object.ts';
import { mirrorPodAnnotation } from '../../../kinds/pod/validate-annotations.ts';
import type { ObjectView } from '../../hooks/hook.ts';
import { type PodReferences, podReferences, type ReferencedResource } from './pod-references.ts';

const pods = { group: '', plural: 'pods' };
const volumes = { group: '', plural: 'persistentvolumes' };
const attachments = { group: 'storage.k8s.io', plural: 'volumeattachments' };
const slices = { group: 'resource.k8s.io', plural: 'resourceslices' };

const keyOf = (resource: string, namespace: string, name: string): string =>
  `${resource}/${namespace}/${name}`;

const none: PodReferences = new Map();

/** A secret as volumes name it. */
const secretsOf = ({ spec = {} }: PersistentVolume): { namespace: string; name: string }[] => {
  const claimNamespace = spec.claimRef?.namespace ?? '';
  const sources = [
    spec.cephfs?.secretRef,
    spec.cinder?.secretRef,
    spec.flexVolume?.secretRef,
    spec.rbd?.secretRef,
    spec.scaleIO?.secretRef,
    spec.iscsi?.secretRef,
    spec.storageos?.secretRef,
    spec.csi?.controllerPublishSecretRef,
    spec.csi?.nodePublishSecretRef,
    spec.csi?.nodeStageSecretRef,
    spec.csi?.nodeExpandSecretRef,
    spec.azureFile && { name: spec.azureFile.secretName, namespace: spec.azureFile.secretNamespace },
  ];
  return sources.flatMap((source) =>
    source?.name === undefined || source.name === ''
      ? []
      : [{ namespace: source.namespace || claimNamespace, name: source.name }],
  );
};

export class NodeGraph {
  /** Key of an object -> node -> how many of the node's pods refer to it. */
  readonly #users = new Map<string, Map<string, number>>();
  /** Name of a volume -> key of its claim. */
  readonly #claims = new Map<string, string>();
  /** Key of a secret -> names of the volumes that need it. */
  readonly #volumesOfSecret = new Map<string, Set<string>>();

  constructor(view: ObjectView) {
    view.subscribe(pods, (change) => this.#pod(change as { old?: Pod; new?: Pod }));
    view.subscribe(volumes, (change) =>
      this.#volume(change as { old?: PersistentVolume; new?: PersistentVolume }),
    );
    for (const [resource, nodeField] of [
      [attachments, 'nodeName'],
      [slices, 'nodeName'],
    ] as const)
      view.subscribe(resource, (change) => {
        const edge = (object: typeof change.new) => {
          const node = (object?.spec as Record<string, unknown> | undefined)?.[nodeField];
          return object === undefined || typeof node !== 'string' || node === ''
            ? undefined
            : { key: keyOf(resource.plural, '', object.metadata.name ?? ''), node };
        };
        const [old, now] = [edge(change.old), edge(change.new)];
        if (old !== undefined) this.#count(old.key, old.node, -1);
        if (now !== undefined) this.#count(now.key, now.node, 1);
      });
  }

  /** A pod of the node has need of the object. */
  isNeeded(
    node: string,
    object: {
      resource: ReferencedResource | 'pods' | 'persistentvolumes' | 'volumeattachments' | 'resourceslices';
      namespace: string;
      name: string;
    },
  ): boolean {
    const { resource, namespace, name } = object;
    if (resource === 'persistentvolumes') return this.#volumeIsNeeded(node, name);
    const key = keyOf(resource, namespace, name);
    if (this.#users.get(key)?.has(node)) return true;
    if (resource !== 'secrets') return false;
    for (const volume of this.#volumesOfSecret.get(key) ?? [])
      if (this.#volumeIsNeeded(node, volume)) return true;
    return false;
  }

  #volumeIsNeeded(node: string, name: string): boolean {
    const claim = this.#claims.get(name);
    return claim !== undefined && (this.#users.get(claim)?.has(node) ?? false);
  }

  #count(key: string, node: string, difference: 1 | -1): void {
    const users = this.#users.get(key) ?? new Map<string, number>();
    const count = (users.get(node) ?? 0) + difference;
    if (count > 0) {
      users.set(node, count);
      this.#users.set(key, users);
      return;
    }
    users.delete(node);
    if (users.size === 0) this.#users.delete(key);
  }

  #pod(change: { old?: Pod | undefined; new?: Pod | undefined }): void {
    if (change.old !== undefined) this.#countPod(change.old, -1);
    if (change.new !== undefined) this.#countPod(change.new, 1);
  }

  #countPod(pod: Pod, difference: 1 | -1): void {
    const node = pod.spec?.nodeName ?? '';
    if (node === '') return;
    const { namespace = '', name = '', annotations } = pod.metadata;
    this.#count(keyOf('pods', namespace, name), node, difference);
    // A pod of a node's own making must not open anything to its maker.
    const references = getOwn(annotations, mirrorPodAnnotation) === undefined ? podReferences(pod) : none;
    for (const [resource, names] of references)
      for (const each of names) this.#count(keyOf(resource, namespace, each), node, difference);
  }

  #volume(change: { old?: PersistentVolume | undefined; new?: PersistentVolume | undefined }): void {
    const { old, new: now } = change;
    const name = (now ?? old)?.metadata.name ?? '';
    for (const secret of old === undefined ? [] : secretsOf(old)) {
      const key = keyOf('secrets', secret.namespace, secret.name);
      const names = this.#volumesOfSecret.get(key);
      names?.delete(name);
      if (names?.size === 0) this.#volumesOfSecret.delete(key);
    }
    this.#claims.delete(name);
    const claim = now?.spec?.claimRef;
    if (now === undefined || claim === undefined) return;
    this.#claims.set(name, keyOf('persistentvolumeclaims', claim.namespace ?? '', claim.name ?? ''));
    for (const secret of secretsOf(now)) {
      const key = keyOf('secrets', secret.namespace, secret.name);
      const names = this.#volumesOfSecret.get(key) ?? new Set<string>();
      this.#volumesOfSecret.set(key, names.add(name));
    }
  }
}
