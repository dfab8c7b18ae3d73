/**
 * An nftables table as data: what is wanted is a value that can be compared, rendered (`render.ts`) and walked
 * (`fake-host.ts`). Only what Wherry's dataplane uses; nft 1.0.6 and Linux 5.10 have all of it. Source: nft(8).
 */

/** The tables of IPv4 and of IPv6. */
export type TableFamily = 'ip' | 'ip6';

/** A field of a packet. */
export type Field = 'saddr' | 'daddr' | 'protocol' | 'sport' | 'dport' | 'mark';

/** What is looked up: fields one after the other. */
export type Key = readonly Field[];

/** What is looked up in a map by a key. */
export interface Lookup {
  readonly key: Key;
  readonly map: string;
}

/** One of `count` numbers from `from` on. */
export interface RandomNumber {
  readonly from: number;
  readonly count: number;
}

export type RejectWith = 'tcp reset' | 'port unreachable';

/** A statement ends its rule when it does not match, or when a lookup finds nothing. */
export type Statement =
  | { readonly type: 'inSet'; readonly key: Key; readonly set: string; readonly not?: boolean }
  | { readonly type: 'equals'; readonly field: 'protocol'; readonly value: string }
  | { readonly type: 'markBits'; readonly mask: number; readonly value: number }
  | { readonly type: 'ctState'; readonly state: 'new' }
  | { readonly type: 'ctStatus'; readonly status: 'dnat' }
  | { readonly type: 'vmap'; readonly key: Key; readonly map: string }
  | { readonly type: 'jump' | 'goto'; readonly chain: string }
  | { readonly type: 'accept' | 'drop' | 'return' }
  | { readonly type: 'reject'; readonly with: RejectWith }
  | { readonly type: 'setMark'; readonly to: Lookup | RandomNumber | { readonly value: number } }
  /**
   * `update` starts the element's time anew but leaves what it says; `delete` of what is not there ends the rule. Keys of
   * these two are at most 16 bytes: nft 1.0.6 aborts over longer ones (netlink_gen_map_stmt takes four registers).
   */
  | {
      readonly type: 'update';
      readonly map: string;
      readonly key: Key;
      readonly value: Field;
      readonly seconds: number;
    }
  | { readonly type: 'delete'; readonly map: string; readonly key: Key; readonly value: Field }
  /** The map's value is an address and a port. */
  | { readonly type: 'dnat'; readonly to: Lookup }
  | { readonly type: 'masquerade' };

export type Rule = readonly Statement[];

export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

/** A base chain is called by the kernel; among those of a hook the lower priority comes first. */
export interface BaseChain {
  readonly type: 'filter' | 'nat';
  readonly hook: Hook;
  readonly priority: number;
}

export interface Chain {
  readonly base?: BaseChain;
  readonly rules: readonly Rule[];
}

/** Fixed when the set is made; another spec is another set. */
export interface SetSpec {
  readonly kind: 'set' | 'map' | 'vmap';
  readonly key: readonly Field[];
  /** Of a map. A vmap's value is a verdict: `goto NAME`, `drop`. */
  readonly value?: readonly Field[];
  /** The last part of keys are prefixes. */
  readonly isInterval?: boolean;
  /** Filled by packets, with a timeout for each element: what stands in it is the kernel's business, not part of a diff. */
  readonly isDynamic?: boolean;
  /** How many elements the kernel allows; needed for dynamic ones. */
  readonly size?: number;
}

/** Key to value ('' in a set), both as nft writes them: parts joined by ` . `. */
export type Elements = Map<string, string>;

export interface NftSet {
  readonly spec: SetSpec;
  readonly elements: Elements;
}

export interface Table {
  readonly family: TableFamily;
  readonly name: string;
  readonly chains: Map<string, Chain>;
  readonly sets: Map<string, NftSet>;
}

export const emptyTable = (family: TableFamily, name: string): Table => ({
  family,
  name,
  chains: new Map(),
  sets: new Map(),
});

/** Parts of a key or a value as one text. */
export const concat = (...parts: readonly (string | number)[]): string => parts.join(' . ');

export const splitParts = (text: string): string[] => text.split(' . ');
