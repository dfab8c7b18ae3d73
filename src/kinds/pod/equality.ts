/**
 * Equality as the API means it: unset, null, the empty text and the empty list are one and the same.
 * Source: k8s.io/apimachinery pkg/api/equality (Semantic).
 */

/** Maps of text: an empty one says no more than none. An empty object elsewhere (`emptyDir: {}`) does say something. */
const maps = new Set([
  'annotations',
  'labels',
  'limits',
  'matchLabels',
  'nodeSelector',
  'overhead',
  'requests',
]);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isUnset(value: unknown, key: string): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return maps.has(key) && isRecord(value) && Object.keys(value).length === 0;
}

const own = (record: Record<string, unknown>, key: string): unknown =>
  Object.hasOwn(record, key) ? record[key] : undefined;

export function semanticEqual(left: unknown, right: unknown, key = ''): boolean {
  if (left === right) return true;
  if (isUnset(left, key) || isUnset(right, key)) return isUnset(left, key) && isUnset(right, key);
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((element, index) => semanticEqual(element, right[index]));
  }
  if (!isRecord(left) || !isRecord(right)) return false;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((each) => semanticEqual(own(left, each), own(right, each), each));
}

/** At most this many lines of a difference are shown to the user. */
const diffLinesMax = 40;

function* differences(old: unknown, now: unknown, at: string, key: string): Generator<string> {
  if (semanticEqual(old, now, key)) return;
  if (Array.isArray(old) && Array.isArray(now) && old.length === now.length) {
    for (const [index, element] of old.entries())
      yield* differences(element, now[index], `${at}[${index}]`, '');
  } else if (isRecord(old) && isRecord(now)) {
    for (const each of [...new Set([...Object.keys(old), ...Object.keys(now)])].sort())
      yield* differences(own(old, each), own(now, each), at === '' ? each : `${at}.${each}`, each);
  } else {
    if (!isUnset(old, key)) yield `- ${at}: ${JSON.stringify(old)}`;
    if (!isUnset(now, key)) yield `+ ${at}: ${JSON.stringify(now)}`;
  }
}

/** What changed, one line for each value that went (`- path: value`) or came (`+ path: value`). */
export function compactDiff(old: unknown, now: unknown): string {
  const lines: string[] = [];
  for (const line of differences(old, now, '', '')) {
    if (lines.length === diffLinesMax) return `${lines.join('\n')}\n...\n`;
    lines.push(line);
  }
  return lines.map((line) => `${line}\n`).join('');
}
