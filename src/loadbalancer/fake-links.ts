/** A node's interfaces in memory, with a record of what was told. Passes what machineLinks does: links.test.ts. */
import { WherryError } from '../lib/errors.ts';
import type { LinkAddress, LinkState, Links } from './links.ts';

export interface FakeLinks extends Links {
  /** `eth0 10.0.0.1`, each time. */
  readonly told: string[];
  /** The next changes fail. */
  failing: boolean;
}

export function fakeLinks(links: Readonly<Record<string, readonly string[]>>): FakeLinks {
  const own = new Map(Object.entries(links));
  const announced = new Map([...own.keys()].map((name) => [name, new Set<string>()]));
  const of = (name: string): Set<string> => {
    const found = announced.get(name);
    if (found === undefined) throw new WherryError('LINKS_FAILED', `Cannot find device "${name}"`);
    return found;
  };
  const told: string[] = [];
  return {
    told,
    failing: false,
    async read(): Promise<LinkState[]> {
      return [...own].map(([name, addresses]) => ({
        name,
        addresses: [...addresses, ...of(name)],
        announced: [...of(name)],
      }));
    },
    async change({ add, remove }) {
      if (this.failing) throw new WherryError('LINKS_FAILED', 'RTNETLINK answers: Operation not permitted');
      for (const { link, address } of remove) of(link).delete(address);
      for (const { link, address } of add) of(link).add(address);
    },
    async tell(addresses: readonly LinkAddress[]) {
      for (const { link, address } of addresses) told.push(`${link} ${address}`);
    },
  };
}
