/** Which control loops run, said as kube-controller-manager's --controllers says it: `*`, `*,-job`, `deployment,replica-set`. */
import { UserError } from '../../lib/errors.ts';

export interface LoopSelection {
  /** `*` stands in the list: what is not named runs. */
  readonly all: boolean;
  /** As they were written. */
  readonly named: ReadonlySet<string>;
  readonly excluded: ReadonlySet<string>;
}

/** Names that kube-controller-manager has, or had, and that are no other spelling of ours. */
const upstreamNames: ReadonlyMap<string, string> = new Map([
  ['endpoints', 'endpoint'],
  ['podgc', 'podgarbagecollector'],
  ['pvcprotection', 'persistentvolumeclaimprotection'],
  ['pvprotection', 'persistentvolumeprotection'],
  ['rootcacertpublisher', 'rootcacertificatepublisher'],
  ['horizontalpodautoscaling', 'horizontalpodautoscaler'],
]);

/** `daemon-set`, `daemonset` and upstream's `daemonset-controller` are one. */
function canonical(name: string): string {
  const plain = name.replaceAll('-', '').replace(/(?:controller)+$/, '');
  return upstreamNames.get(plain) ?? plain;
}

const has = (names: ReadonlySet<string>, name: string): boolean =>
  [...names].some((each) => canonical(each) === canonical(name));

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
  return !has(selection.excluded, name) && (selection.all || has(selection.named, name));
}

/** Throws UserError for a name that is none of `known`. */
export function checkSelection(selection: LoopSelection, known: readonly string[]): void {
  const all = new Set(known);
  const unknown = [...selection.named, ...selection.excluded].filter((name) => !has(all, name));
  if (unknown.length > 0)
    throw new UserError(
      'UNKNOWN_CONTROLLER',
      `--controllers names ${unknown.join(', ')}; there are ${[...known].sort().join(', ')}, or * for all, or none`,
    );
}
