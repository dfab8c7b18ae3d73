/** Which addresses come to a node's interfaces and which go. Pure. */
import type { LinkAddress, LinkState } from './links.ts';
import { canonical } from './wish.ts';

/** A Service that this node announces. */
export interface Wanted {
  readonly key: string;
  readonly addresses: readonly string[];
  /** Undefined: that of the node's own address. */
  readonly interfaces: readonly string[] | undefined;
}

export interface LinkPlan {
  readonly add: readonly LinkAddress[];
  /** Nobody's any more. */
  readonly gone: readonly LinkAddress[];
  /** Another node's now. */
  readonly leaving: readonly LinkAddress[];
  /** All that are to be there. */
  readonly present: readonly LinkAddress[];
  /** Services that found no interface, with the first address of theirs that has none. */
  readonly unplaced: ReadonlyMap<string, string>;
}

export interface LinkInput {
  readonly wanted: readonly Wanted[];
  /** Addresses that another node announces. */
  readonly elsewhere: ReadonlySet<string>;
  readonly state: readonly LinkState[];
  readonly nodeAddresses: readonly string[];
}

export function planLinks({ wanted, elsewhere, state, nodeAddresses }: LinkInput): LinkPlan {
  const own = new Set(nodeAddresses.map(canonical));
  const names = new Set(state.map(({ name }) => name));
  const usual = state.filter(({ addresses }) => addresses.some((each) => own.has(canonical(each))));
  const unplaced = new Map<string, string>();
  const present = new Map<string, LinkAddress>();
  for (const { key, addresses, interfaces } of wanted) {
    const links = interfaces?.filter((name) => names.has(name)) ?? usual.map(({ name }) => name);
    if (links.length === 0) unplaced.set(key, addresses[0] ?? '');
    // Its own address needs no announcing, and must not be taken away with the Service's.
    for (const address of addresses)
      if (!own.has(address)) for (const link of links) present.set(`${link} ${address}`, { link, address });
  }
  const found = state.flatMap(({ name, announced }) =>
    announced.map((address) => ({ link: name, address: canonical(address) })),
  );
  const there = new Set(found.map(({ link, address }) => `${link} ${address}`));
  const extra = found.filter(({ link, address }) => !present.has(`${link} ${address}`));
  return {
    add: [...present].filter(([key]) => !there.has(key)).map(([, each]) => each),
    gone: extra.filter(({ address }) => !elsewhere.has(address)),
    leaving: extra.filter(({ address }) => elsewhere.has(address)),
    present: [...present.values()],
    unplaced,
  };
}
