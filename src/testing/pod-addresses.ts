/** The pod addresses of one node: given out one after the other, so that a freed one is not taken again at once. */
import type { Cidr } from '../lib/cidr.ts';
import { formatAddress } from '../lib/ip.ts';

/** The network itself and the bridge at its first address are not given out, nor is the broadcast address. */
const firstOffset = 2;

export class PodAddresses {
  readonly #cidr: Cidr;
  readonly #size: number;
  readonly #taken = new Map<string, string>();
  readonly #byPod = new Map<string, string>();
  #next = firstOffset;

  constructor(cidr: Cidr) {
    this.#cidr = cidr;
    this.#size = 2 ** (32 - cidr.prefix);
  }

  /** The address that the pod has, or a free one; undefined when there is none left. */
  take(uid: string): string | undefined {
    const held = this.#byPod.get(uid);
    if (held !== undefined) return held;
    for (let tried = firstOffset; tried < this.#size - 1; tried++) {
      const offset = this.#next;
      this.#next = offset + 1 >= this.#size - 1 ? firstOffset : offset + 1;
      const ip = formatAddress('IPv4', this.#cidr.base + BigInt(offset));
      if (this.#taken.has(ip)) continue;
      this.#hold(uid, ip);
      return ip;
    }
    return undefined;
  }

  /** Takes a certain address, which a pod has from before. Says whether nobody else has it. */
  reserve(uid: string, ip: string): boolean {
    const holder = this.#taken.get(ip);
    if (holder !== undefined) return holder === uid;
    this.#hold(uid, ip);
    return true;
  }

  free(uid: string): void {
    const ip = this.#byPod.get(uid);
    if (ip === undefined) return;
    this.#byPod.delete(uid);
    this.#taken.delete(ip);
  }

  get size(): number {
    return this.#byPod.size;
  }

  #hold(uid: string, ip: string): void {
    this.#byPod.set(uid, ip);
    this.#taken.set(ip, uid);
  }
}
