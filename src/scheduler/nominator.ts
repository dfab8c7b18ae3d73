/** Pods that wait for a node on which others make room for them. */
import type { PodView } from './pod-view.ts';

const nobody: ReadonlyMap<string, PodView> = new Map();

export class Nominator {
  readonly #byNode = new Map<string, Map<string, PodView>>();
  readonly #nodeOf = new Map<string, string>();
  #version = 0;

  /** Another one after each change. */
  get version(): number {
    return this.#version;
  }

  nodeOf(podKey: string): string | undefined {
    return this.#nodeOf.get(podKey);
  }

  on(nodeName: string): ReadonlyMap<string, PodView> {
    return this.#byNode.get(nodeName) ?? nobody;
  }

  set(pod: PodView, nodeName: string): void {
    this.delete(pod.key);
    this.#version++;
    this.#nodeOf.set(pod.key, nodeName);
    const pods = this.#byNode.get(nodeName) ?? new Map<string, PodView>();
    this.#byNode.set(nodeName, pods.set(pod.key, pod));
  }

  delete(podKey: string): void {
    const nodeName = this.#nodeOf.get(podKey);
    if (nodeName === undefined) return;
    this.#version++;
    this.#nodeOf.delete(podKey);
    const pods = this.#byNode.get(nodeName);
    pods?.delete(podKey);
    if (pods?.size === 0) this.#byNode.delete(nodeName);
  }
}
