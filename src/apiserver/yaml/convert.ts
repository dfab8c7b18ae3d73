/**
 * YAML to JSON and back. Runs in a thread of its own, because the parser is slow (1 µs for a byte of a flat map) and on
 * nested keys worse than slow: 512 bytes of `? ` take it half a second.
 */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, stringify } from 'yaml';
import { yamlAliasesMax } from './limits.ts';
import type { YamlReply } from './protocol.ts';

/** Where a value stands. A map's own line is that of its first key. */
function lineOf(node: unknown, lines: LineCounter): number {
  const range = (node as { range?: readonly number[] | null } | null)?.range;
  return range ? lines.linePos(range[0] as number).line : 0;
}

/**
 * Keys that stand twice. The parser's own check compares each key with every other.
 * Source of the wording: gopkg.in/yaml.v2, which names the line of the value.
 */
function duplicateKeys(root: unknown, lines: LineCounter): string[] {
  const found: { line: number; text: string }[] = [];
  const open: unknown[] = [root];
  for (let node = open.pop(); open.length > 0 || node !== undefined; node = open.pop()) {
    if (isSeq(node)) open.push(...node.items);
    if (!isMap(node)) continue;
    const seen = new Set<unknown>();
    for (const { key, value } of node.items) {
      open.push(value ?? undefined);
      if (!isScalar(key)) continue;
      const line = lineOf(value, lines) || lineOf(key, lines);
      if (seen.has(key.value))
        found.push({ line, text: `line ${line}: key ${JSON.stringify(key.value)} already set in map` });
      seen.add(key.value);
    }
  }
  return found.sort((a, b) => a.line - b.line).map(({ text }) => text);
}

/** Names in order, as Go writes what it has read into a map. */
function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** JSON of a YAML document, its fields in the order of their names; tags that are not of YAML itself are refused, as nobody here knows what they mean. */
export function readYaml(bytes: Uint8Array): YamlReply {
  try {
    const lineCounter = new LineCounter();
    const document = parseDocument(new TextDecoder('utf-8', { fatal: true }).decode(bytes), {
      uniqueKeys: false,
      lineCounter,
      logLevel: 'error',
    });
    const fault = document.errors[0] ?? document.warnings[0];
    if (fault !== undefined) return { problem: fault.message };
    const json = JSON.stringify(document.toJS({ maxAliasCount: yamlAliasesMax }), sorted) ?? 'null';
    return { bytes: Buffer.from(json), duplicates: duplicateKeys(document.contents, lineCounter) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** YAML of JSON in the form of sigs.k8s.io/yaml: keys sorted, lists not indented, `on` in quotes, long lines left alone. */
export function writeYaml(bytes: Uint8Array): YamlReply {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString());
  const text = stringify(value, {
    aliasDuplicateObjects: false,
    sortMapEntries: true,
    indentSeq: false,
    compat: 'yaml-1.1',
    lineWidth: 0,
  });
  return { bytes: Buffer.from(text), duplicates: [] };
}
