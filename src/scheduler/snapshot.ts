/**
 * The cluster as the scheduler sees it: nodes with the pods on them, decided ones included. Every change costs what
 * changed, never the size of the cluster.
 */
import type { Node } from '../kinds/generated/types.ts';
import type { AffinityTerm } from './affinity-term.ts';
import type { Labels } from './label-match.ts';
import { knownDomainsMax, trackedMatchersMax } from './limits.ts';
import { MatchCounts, type NodeCounts, type PodMatcher } from './match-counts.ts';
import { NodeView } from './node-view.ts';
import type { PodView } from './pod-view.ts';
import { TermIndex } from './term-index.ts';

/** What required affinity of running pods counts for in scores; upstream's hardPodAffinityWeight. */
const hardAffinityWeight = 1;

export class Snapshot {
  /** In the order of their coming; the cycle starts at another one each time. */
  readonly nodes: NodeView[] = [];
  readonly namespaces = new Map<string, Labels>();
  /** How many nodes have an image, by normalized name. */
  readonly imageNodes = new Map<string, number>();
  readonly antiAffinity = new TermIndex();
  /** Preferred terms and required affinity, as scores weigh them. */
  readonly weighted = new TermIndex();
  readonly #byName = new Map<string, NodeView>();
  /** Pods whose node is not (or no longer) known. */
  readonly #strays = new Map<string, Map<string, PodView>>();
  readonly #nodeOfPod = new Map<string, { pod: PodView; nodeName: string }>();
  readonly #counts = new MatchCounts(trackedMatchersMax);
  /** By topology keys; see `domains`. */
  readonly #domains = new Map<string, ReadonlyMap<string, ReadonlySet<string>>>();
  #version = 0;

  /** Another one after each change. */
  get version(): number {
    return this.#version;
  }

  node(name: string): NodeView | undefined {
    return this.#byName.get(name);
  }

  /** Where a pod counts. */
  placeOf(podKey: string): { readonly pod: PodView; readonly nodeName: string } | undefined {
    return this.#nodeOfPod.get(podKey);
  }

  get podCount(): number {
    return this.#nodeOfPod.size;
  }

  setNode(node: Node): NodeView {
    this.#version++;
    this.#domains.clear();
    const name = node.metadata.name ?? '';
    const known = this.#byName.get(name);
    if (known !== undefined) {
      this.#countImages(known, -1);
      known.replace(node);
      this.#countImages(known, 1);
      return known;
    }
    const view = new NodeView(node);
    this.#byName.set(name, view);
    this.nodes.push(view);
    this.#countImages(view, 1);
    for (const pod of this.#strays.get(name)?.values() ?? []) this.#place(view, pod);
    this.#strays.delete(name);
    return view;
  }

  /** Its pods are remembered: they may still be deleted, or the node may come back. */
  deleteNode(name: string): void {
    const view = this.#byName.get(name);
    if (view === undefined) return;
    this.#version++;
    this.#domains.clear();
    const pods = [...view.pods.values()];
    for (const pod of pods) this.#lift(view, pod);
    if (pods.length > 0) this.#strays.set(name, new Map(pods.map((pod) => [pod.key, pod])));
    this.#countImages(view, -1);
    this.#byName.delete(name);
    this.nodes.splice(this.nodes.indexOf(view), 1);
  }

  /** Puts the pod onto the node, instead of what was known under its name. */
  setPod(pod: PodView, nodeName: string): void {
    this.#version++;
    this.deletePod(pod.key);
    this.#nodeOfPod.set(pod.key, { pod, nodeName });
    const view = this.#byName.get(nodeName);
    if (view !== undefined) this.#place(view, pod);
    else {
      const strays = this.#strays.get(nodeName) ?? new Map<string, PodView>();
      this.#strays.set(nodeName, strays.set(pod.key, pod));
    }
  }

  deletePod(podKey: string): PodView | undefined {
    const found = this.#nodeOfPod.get(podKey);
    if (found === undefined) return undefined;
    this.#version++;
    const { pod, nodeName } = found;
    this.#nodeOfPod.delete(podKey);
    const view = this.#byName.get(nodeName);
    if (view !== undefined) this.#lift(view, pod);
    const strays = this.#strays.get(nodeName);
    strays?.delete(podKey);
    if (strays?.size === 0) this.#strays.delete(nodeName);
    return pod;
  }

  setNamespace(name: string, labels: Labels | undefined): void {
    this.#version++;
    if (labels === undefined) this.namespaces.delete(name);
    else this.namespaces.set(name, labels);
    this.#counts.clear();
  }

  /** For work that puts back whatever it moves: what is known of the snapshot stays true. */
  trial<Result>(work: () => Result): Result {
    const version = this.#version;
    const result = work();
    this.#version = version;
    return result;
  }

  /** Of the nodes that have all of the keys, the values of each key. Nodes change seldom, pods are many. */
  domains(topologyKeys: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
    const name = topologyKeys.join(' ');
    const known = this.#domains.get(name);
    if (known !== undefined) return known;
    const found = new Map(topologyKeys.map((key) => [key, new Set<string>()]));
    for (const { labels } of this.nodes) {
      if (!topologyKeys.every((key) => Object.hasOwn(labels, key))) continue;
      for (const [key, values] of found) values.add(labels[key] as string);
    }
    if (this.#domains.size >= knownDomainsMax) this.#domains.clear();
    this.#domains.set(name, found);
    return found;
  }

  countMatches(matcher: PodMatcher): NodeCounts {
    return this.#counts.of(matcher, this.nodes);
  }

  #place(view: NodeView, pod: PodView): void {
    view.add(pod);
    this.#countPod(view, pod, 1);
  }

  #lift(view: NodeView, pod: PodView): void {
    view.remove(pod);
    this.#countPod(view, pod, -1);
  }

  #countPod(node: NodeView, pod: PodView, sign: 1 | -1): void {
    this.#counts.count(pod, node, sign);
    const { requiredAffinity, requiredAntiAffinity, preferred } = pod.terms;
    const weigh = (term: AffinityTerm, weight: number) => this.weighted.count(term, { node, weight, sign });
    for (const term of requiredAntiAffinity) this.antiAffinity.count(term, { node, weight: 0, sign });
    for (const term of requiredAffinity) weigh(term, hardAffinityWeight);
    for (const { term, weight } of preferred) weigh(term, weight);
  }

  #countImages(view: NodeView, sign: 1 | -1): void {
    for (const name of view.images.keys()) {
      const count = (this.imageNodes.get(name) ?? 0) + sign;
      if (count === 0) this.imageNodes.delete(name);
      else this.imageNodes.set(name, count);
    }
  }
}
