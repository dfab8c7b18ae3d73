/**
 * What the server shows of static pods: a mirror of each, which nobody but the agent keeps. Source:
 * kubelet/pod/mirror_client.go, tryReconcileMirrorPods of kubelet.go.
 */
import type { Client } from '../../client/typed-client.ts';
import type { Pod, PodStatus } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import { StatusError } from '../../kinds/status.ts';
import { statusPatch } from '../run/api-status.ts';
import { hashOf, staticAnnotations } from './manifest.ts';

export const podName = ({ metadata }: Pod): string => `${metadata.namespace}/${metadata.name}`;

const hasCode = (failure: unknown, code: number): boolean =>
  failure instanceof StatusError && failure.httpCode === code;

/** Of this very pod, and not on its way out. */
export function isMirrorOf(mirror: Pod, pod: Pod): boolean {
  return (
    mirror.metadata.deletionTimestamp === undefined &&
    getOwn(mirror.metadata.annotations, staticAnnotations.mirror) === hashOf(pod)
  );
}

export class Mirrors {
  readonly #client: Client;
  readonly #nodeName: string;
  #nodeUid: string | undefined;
  /** By namespace and name: as many as there are static pods, and those that are to go. */
  readonly #known = new Map<string, Pod>();

  constructor(options: { client: Client; nodeName: string }) {
    this.#client = options.client;
    this.#nodeName = options.nodeName;
  }

  set(mirror: Pod): void {
    this.#known.set(podName(mirror), mirror);
  }

  delete(mirror: Pod): void {
    const name = podName(mirror);
    if (this.#known.get(name)?.metadata.uid === mirror.metadata.uid) this.#known.delete(name);
  }

  get(pod: Pod): Pod | undefined {
    return this.#known.get(podName(pod));
  }

  /** Removes those of no pod or of another one, and makes those that are missing. */
  async reconcile(pods: readonly Pod[]): Promise<void> {
    const wanted = new Map(pods.map((pod) => [podName(pod), pod]));
    for (const [name, mirror] of this.#known) {
      const pod = wanted.get(name);
      if (pod === undefined || !isMirrorOf(mirror, pod)) await this.#remove(mirror);
    }
    for (const [name, pod] of wanted) if (!this.#known.has(name)) await this.#create(pod);
  }

  async #remove(mirror: Pod): Promise<void> {
    const { name = '', namespace, uid } = mirror.metadata;
    try {
      await this.#client
        .of('Pod')
        .delete({ namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
    } catch (failure) {
      // Another one has its name by now, or nobody.
      if (!hasCode(failure, 404) && !hasCode(failure, 409)) throw failure;
    }
    this.delete(mirror);
  }

  async #create(pod: Pod): Promise<void> {
    this.#nodeUid ??= (await this.#client.of('Node').get({ name: this.#nodeName })).metadata.uid;
    const { name, namespace, labels, annotations } = pod.metadata;
    const mirror: Pod = {
      metadata: {
        ...{ name, namespace },
        ...(labels === undefined ? {} : { labels }),
        annotations: { ...annotations, [staticAnnotations.mirror]: hashOf(pod) ?? '' },
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Node',
            name: this.#nodeName,
            uid: this.#nodeUid ?? '',
            controller: true,
          },
        ],
      },
      spec: pod.spec,
    };
    try {
      this.set(await this.#client.of('Pod').create(mirror));
    } catch (failure) {
      // Somebody else's pod of that name, or a mirror that the watch is about to tell of.
      if (!hasCode(failure, 409)) throw failure;
    }
  }

  /** Says of the mirror what holds for the pod itself; while there is none, nothing. */
  async writeStatus(pod: Pod, status: PodStatus): Promise<void> {
    const mirror = this.get(pod);
    if (mirror === undefined || !isMirrorOf(mirror, pod)) return;
    const { name = '', namespace } = mirror.metadata;
    const patch = statusPatch(mirror, status);
    try {
      await this.#client
        .of('Pod')
        .patch({ namespace, name }, { type: 'strategic', subresource: 'status', patch });
    } catch (failure) {
      if (!hasCode(failure, 404)) throw failure;
    }
  }
}
