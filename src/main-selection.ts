/** Which control loops run, said as kube-controller-manager's --controllers says it: `*`, `*,-job`, `deployment,replica-set`. */
import { UserError } from './lib/errors.ts';

export interface LoopSelection {
  /** `*` stands in the list: what is not named runs. */
  readonly all: boolean;
  readonly named: ReadonlySet<string>;
  readonly excluded: ReadonlySet<string>;
}

/** `none` is short for nothing at all. */
export function parseSelection(text: string): LoopSelection {
  const parts = text === 'none' ? [] : text.split(',').map((part) => part.trim());
  const names = parts.filter((part) => part !== '*' && part !== '');
  return {
    all: parts.includes('*'),
    named: new Set(names.filter((name) => !name.startsWith('-'))),
    excluded: new Set(names.filter((name) => name.startsWith('-')).map((name) => name.slice(1))),
  };
}

export function isSelected(selection: LoopSelection, name: string): boolean {
  return !selection.excluded.has(name) && (selection.all || selection.named.has(name));
}

/** Throws UserError for a name that is none of `known`. */
export function checkSelection(selection: LoopSelection, known: readonly string[]): void {
  const unknown = [...selection.named, ...selection.excluded].filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new UserError(
      'UNKNOWN_CONTROLLER',
      `--controllers names ${unknown.join(', ')}; there are ${[...known].sort().join(', ')}, or * for all, or none`,
    );
}
