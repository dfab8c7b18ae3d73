/** A command line as a command reads it. */
import type { Kind } from '../../src/kinds/kind.ts';
import { kinds } from '../../src/kinds/registry.ts';

export interface Arguments {
  readonly command: string;
  readonly words: readonly string[];
  /** `--replicas 3`, `--replicas=3` and `-n x`; one without a value is 'true'. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** `replicas=3`, `colour-` */
  readonly pairs: ReadonlyMap<string, string | null>;
  readonly input: string;
}

/** Options that stand alone. */
const flags = new Set(['-A', '--force', '--rebooted']);

export function parseArguments(line: string, input: string): Arguments {
  const tokens = (line.match(/(?:'[^']*'|[^\s'])+/g) ?? []).map((token) => token.replaceAll("'", ''));
  if (tokens[0] === 'kubectl') tokens.shift();
  const words: string[] = [];
  const options = new Map<string, string[]>();
  const pairs = new Map<string, string | null>();
  const [command = '', ...rest] = tokens;
  for (let index = 0; index < rest.length; index++) {
    const token = rest[index] as string;
    const [, name, value] = /^(--[\w-]+)=(.*)$/s.exec(token) ?? [];
    const pair = /^([\w./-]+?)(?:=(.*)|-)$/s.exec(token);
    if (name !== undefined) add(options, name, value ?? '');
    else if (flags.has(token)) add(options, token, 'true');
    else if (/^--?[a-z]/.test(token)) add(options, token, rest[++index] ?? '');
    else if (pair !== null && words.length > 0) pairs.set(pair[1] as string, pair[2] ?? null);
    else if (pair !== null && pair[2] !== undefined) pairs.set(pair[1] as string, pair[2]);
    else words.push(token);
  }
  return { command, words, options, pairs, input };
}

function add(options: Map<string, string[]>, name: string, value: string): void {
  options.set(name, [...(options.get(name) ?? []), value]);
}

export const option = ({ options }: Arguments, ...names: string[]): string | undefined =>
  names.map((name) => options.get(name)?.[0]).find((value) => value !== undefined);

/** `pods`, `po`, `pod`, `deployments.apps` */
export function kindFor(text: string): Kind {
  const [resource = '', ...group] = text.toLowerCase().split('.');
  const found = kinds.find(
    (kind) =>
      (group.length === 0 || kind.group === group.join('.')) &&
      (kind.plural === resource || kind.singular === resource || kind.shortNames?.includes(resource)),
  );
  if (found === undefined) throw new Error(`the server doesn't have a resource type "${text}"`);
  return found;
}

/** `deploy/web`, or `deploy web` */
export function target({ words }: Arguments): { kind: Kind; name: string | undefined } {
  const [first = '', second] = words;
  const [resource = '', name] = first.split('/');
  return { kind: kindFor(resource), name: name ?? second };
}

/** `1m30s`, `500ms` */
export function milliseconds(text: string): number {
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.map(([part]) => part).join('') !== text || text === '')
    throw new Error(`"${text}" is no span of time`);
  return parts.reduce((sum, [, digits, unit = '']) => sum + Number(digits) * (units[unit] ?? 0), 0);
}
