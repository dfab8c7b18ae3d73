/** From one table to another in one transaction, ordered so that nothing is named before it is there or after it is gone. */
import { isDeepStrictEqual } from 'node:util';
import type { Operation } from './operation.ts';
import type { Elements, NftSet, Table } from './table.ts';

type Pairs = (readonly [string, string])[];

/** An element's value cannot be changed in place: it goes and comes again. */
export function diffElements(before: Elements, after: Elements): { gone: Pairs; come: Pairs } {
  const gone: Pairs = [];
  const come: Pairs = [];
  for (const [key, value] of before) if (after.get(key) !== value) gone.push([key, value]);
  for (const [key, value] of after) if (before.get(key) !== value) come.push([key, value]);
  return { gone, come };
}

const isSame = (one: NftSet | undefined, other: NftSet | undefined): boolean =>
  one !== undefined && other !== undefined && isDeepStrictEqual(one.spec, other.spec);

function elementOperations(
  before: Table | undefined,
  after: Table,
): { remove: Operation[]; add: Operation[] } {
  const remove: Operation[] = [];
  const add: Operation[] = [];
  for (const [set, wanted] of after.sets) {
    const old = before?.sets.get(set);
    const known = isSame(old, wanted) ? (old as NftSet).elements : new Map<string, string>();
    if (wanted.spec.isDynamic) continue;
    const { gone, come } = diffElements(known, wanted.elements);
    if (gone.length > 0) remove.push({ type: 'deleteElements', set, elements: gone });
    if (come.length > 0) add.push({ type: 'addElements', set, elements: come });
  }
  return { remove, add };
}

function chainOperations(before: Table | undefined, after: Table) {
  const add: Operation[] = [];
  const rules: Operation[] = [];
  for (const [chain, { base, rules: wanted }] of after.chains) {
    const old = before?.chains.get(chain);
    if (old === undefined) add.push({ type: 'addChain', chain, ...(base === undefined ? {} : { base }) });
    if (!isDeepStrictEqual(old?.rules ?? [], wanted)) rules.push({ type: 'setRules', chain, rules: wanted });
  }
  const gone = [...(before?.chains.keys() ?? [])].filter((chain) => !after.chains.has(chain));
  return {
    add,
    rules,
    empty: gone.map((chain): Operation => ({ type: 'setRules', chain, rules: [] })),
    remove: gone.map((chain): Operation => ({ type: 'deleteChain', chain })),
  };
}

/**
 * `before` undefined: whatever is there under that name is replaced. A set whose spec changes, or a chain whose hook
 * does, cannot be exchanged while others lead to it: then everything is replaced too.
 */
export function diffTables(before: Table | undefined, after: Table): Operation[] {
  const respecified =
    [...after.sets].some(([name, set]) => before?.sets.has(name) && !isSame(before.sets.get(name), set)) ||
    [...after.chains].some(
      ([name, { base }]) =>
        before?.chains.has(name) && !isDeepStrictEqual(before.chains.get(name)?.base, base),
    );
  if (before === undefined || respecified)
    return [
      { type: 'addTable' },
      { type: 'destroyTable' },
      { type: 'addTable' },
      ...additions(undefined, after),
    ];
  return additions(before, after);
}

function additions(before: Table | undefined, after: Table): Operation[] {
  const chains = chainOperations(before, after);
  const elements = elementOperations(before, after);
  const addSets = [...after.sets]
    .filter(([set]) => !before?.sets.has(set))
    .map(([set, { spec }]): Operation => ({ type: 'addSet', set, spec }));
  const deleteSets = [...(before?.sets.keys() ?? [])]
    .filter((set) => !after.sets.has(set))
    .map((set): Operation => ({ type: 'deleteSet', set }));
  return [
    ...addSets,
    ...chains.add,
    ...chains.rules,
    ...elements.remove,
    ...elements.add,
    ...chains.empty,
    ...deleteSets,
    ...chains.remove,
  ];
}
