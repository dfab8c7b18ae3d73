/** A node as the scheduler looks at it, with the sums of the pods on it. Only the Snapshot changes it. */
import type { Node, Taint } from '../kinds/generated/types.ts';
import { readAmounts } from '../kinds/pod/amounts.ts';
import { keepsAway } from '../kinds/pod/taints.ts';
import { value } from '../lib/quantity.ts';
import { normalizedImageName } from './image-name.ts';
import { type Labels, noLabels } from './label-match.ts';
import type { HostPort, PodView } from './pod-view.ts';
import { addResources, noResources, type Resources, resourcesOf } from './resources.ts';

const wildcard = '0.0.0.0';

export class NodeView {
  readonly name: string;
  node: Node;
  labels: Labels = noLabels;
  isUnschedulable = false;
  /** NoSchedule and NoExecute. */
  hardTaints: readonly Taint[] = [];
  /** PreferNoSchedule. */
  softTaints: readonly Taint[] = [];
  allocatable: Resources = noResources();
  allocatablePods = 0;
  /** Bytes by normalized name. */
  images: ReadonlyMap<string, number> = new Map();
  readonly requested: Resources = noResources();
  readonly nonZeroRequested = { milliCPU: 0, memory: 0 };
  /** By `namespace/name`, in the order of their coming. */
  readonly pods = new Map<string, PodView>();
  readonly #ports = new Map<string, Map<string, number>>();

  constructor(node: Node) {
    this.name = node.metadata.name ?? '';
    this.node = node;
    this.replace(node);
  }

  replace(node: Node): void {
    this.node = node;
    this.labels = node.metadata.labels ?? noLabels;
    this.isUnschedulable = node.spec?.unschedulable === true;
    const taints = node.spec?.taints ?? [];
    this.hardTaints = taints.filter(keepsAway);
    this.softTaints = taints.filter(({ effect }) => effect === 'PreferNoSchedule');
    const amounts = readAmounts(node.status?.allocatable);
    const pods = amounts.get('pods');
    this.allocatable = resourcesOf(amounts);
    this.allocatablePods = pods === undefined ? 0 : Number(value(pods));
    const images = new Map<string, number>();
    for (const { names = [], sizeBytes = 0 } of node.status?.images ?? [])
      for (const name of names) images.set(normalizedImageName(name), sizeBytes);
    this.images = images;
  }

  add(pod: PodView): void {
    this.pods.set(pod.key, pod);
    this.#count(pod, 1);
  }

  remove(pod: PodView): void {
    if (this.pods.delete(pod.key)) this.#count(pod, -1);
  }

  /** Whether another pod has the port, on this address or on all of them. */
  hasPortConflict({ ip, protocol, port }: HostPort): boolean {
    const users = this.#ports.get(`${protocol}/${port}`);
    if (users === undefined) return false;
    return ip === wildcard ? users.size > 0 : users.has(ip) || users.has(wildcard);
  }

  #count(pod: PodView, sign: 1 | -1): void {
    addResources(this.requested, pod.requests, sign);
    this.nonZeroRequested.milliCPU += sign * pod.nonZero.milliCPU;
    this.nonZeroRequested.memory += sign * pod.nonZero.memory;
    for (const { ip, protocol, port } of pod.hostPorts) {
      const name = `${protocol}/${port}`;
      const users = this.#ports.get(name) ?? new Map<string, number>();
      const count = (users.get(ip) ?? 0) + sign;
      if (count > 0) users.set(ip, count);
      else users.delete(ip);
      if (users.size > 0) this.#ports.set(name, users);
      else this.#ports.delete(name);
    }
  }
}
