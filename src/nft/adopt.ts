/**
 * From what the kernel has, as it was read, to what is wanted, without taking the table away: what packets have put into
 * dynamic sets stays. The caller knows that the table's sets are those that it would make itself.
 */
import { diffTables } from './diff.ts';
import type { Operation } from './operation.ts';
import type { Reading } from './reading.ts';
import type { Chain, NftSet, SetSpec, Table } from './table.ts';

/** A set that nobody wants is only named, to be deleted. */
const unknownSpec: SetSpec = { kind: 'set', key: ['daddr'] };
/** Unlike any rules that are wanted: a reading tells how many there are, not what they say, so all are set anew. */
const unknownRules: Chain['rules'] = [[]];

export function adoptTable(reading: Reading, wanted: Table): Operation[] {
  const sets = [...reading.sets].map(([name, elements]): [string, NftSet] => {
    const spec = wanted.sets.get(name)?.spec ?? unknownSpec;
    return [name, { spec, elements }];
  });
  const chains = [...reading.chains.keys()].map((name): [string, Chain] => {
    const base = wanted.chains.get(name)?.base;
    return [name, { ...(base === undefined ? {} : { base }), rules: unknownRules }];
  });
  return diffTables({ ...wanted, sets: new Map(sets), chains: new Map(chains) }, wanted);
}
