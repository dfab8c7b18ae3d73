/**
 * Replaces what differs from run to run (ages, times, uids, revisions, dynamic addresses and ports) by a name in
 * angle brackets, so that whole outputs can be compared. Anything that is not plausible stays as it is and fails
 * the comparison: an age of `<unknown>`, an empty uid, an address outside the dynamic band.
 */

/** kubectl separates table columns by three spaces, `describe` by two. */
const columnGap = 3;

const age = /^(?:\d+(?:y|d|h|m|s)){1,2}$/;

const ageColumns = ['AGE', 'LAST SEEN', 'FIRST SEEN', 'LAST SCHEDULE', 'DURATION'];

/** The default Service range is 10.96.0.0/16; its first 256 addresses are only given out on request. */
const dynamicClusterIP = /\b10\.96\.(?:[1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\.\d{1,3}\b/g;

/** NodePorts from 30086 on are given out by the server, those below only on request; not the end of the range itself. */
const dynamicNodePort =
  /(?<!30000-)\b(?:3008[6-9]|3009\d|30[1-9]\d\d|31\d{3}|32[0-6]\d\d|327[0-5]\d|3276[0-7])\b/g;

const replacements: readonly [RegExp, string][] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d{4}\b)/g, '<time>'],
  [/\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:[A-Z][a-z]{2}) \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, '<time>'],
  [/((?:resourceVersion|"resourceVersion"): ?)"[1-9]\d*"/g, '$1"<revision>"'],
  [/(https:\/\/)?127\.0\.0\.1:\d+/g, '<server>'],
  [/(\/tmp)?\/(LIVE|MERGED)-\d+/g, '/tmp/$2'],
  [/^(Age: +)(?:\d+[smhd]){1,2}$/gm, '$1<age>'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: `kubectl cluster-info` colours even what is no terminal.
  [/\u001b\[[\d;]*m/g, ''],
  [/\bX509SHA256=[0-9a-f]{64}\b/g, 'X509SHA256=<hash>'],
  [/\bgenerated-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, 'generated-<random>'],
  [/\bkube-api-access-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, 'kube-api-access-<random>'],
  [dynamicClusterIP, '<cluster-ip>'],
  [dynamicNodePort, '<node-port>'],
];

function isTableHeader(line: string): boolean {
  return (
    /^[A-Z]/.test(line) && line.split(/ {3,}/).every((cell) => /^[A-Z][A-Z0-9 ()%/-]*$/.test(cell.trimEnd()))
  );
}

/** Where the columns of a header begin, which is where kubectl lays out every cell below it. */
function columnStarts(header: string): number[] {
  return [...header.matchAll(/\S+(?: \S+)*/g)].map((match) => match.index);
}

/** A row has a gap before every column that it reaches. */
function isRow(line: string, starts: readonly number[]): boolean {
  return line !== '' && starts.every((start) => start === 0 || line.slice(start - 2, start).trim() === '');
}

function cutCells(rows: readonly string[], starts: readonly number[]): string[][] {
  return rows.map((row) => starts.map((start, column) => row.slice(start, starts[column + 1]).trimEnd()));
}

function layOut(rows: readonly (readonly string[])[], gap = columnGap): string[] {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => (column === columns - 1 ? cell : cell.padEnd((widths[column] ?? 0) + gap)))
      .join(''),
  );
}

/** A replaced cell has another width, so the whole table is laid out again. */
function normalizeTable(lines: readonly string[], names: Names): string[] {
  const cells = cutCells(lines, columnStarts(lines[0] ?? ''));
  const header = cells[0] ?? [];
  const replaced = cells.map((row) =>
    row.map((cell, column) => {
      const isAge = ageColumns.includes(header[column] ?? '') && age.test(cell);
      return isAge ? '<age>' : replaceAll(cell, names);
    }),
  );
  return layOut(replaced);
}

const eventsHeader = /^ {2}Type +Reason +Age +From +Message$/;

/** The table of events at the end of `kubectl describe`: indented, its columns two spaces apart, with dashes. */
function normalizeEvents(lines: readonly string[], names: Names): string[] {
  const starts = columnStarts(lines[0] ?? '');
  const cells = cutCells(lines, starts).map((row) =>
    row.map((cell, column) =>
      column === 2
        ? cell.replace(/^(?:\d+[smhd]){1,2}(?= |$)/, '<age>').replace(/(over )(?:\d+[smhd]){1,2}/, '$1<age>')
        : replaceAll(cell, names),
    ),
  );
  return layOut(cells, 2).map((line) => `  ${line}`);
}

/** What is there and what it is shown as, beyond the replacements above: a directory, a namespace. */
type Names = readonly (readonly [string | RegExp, string])[];

function replaceAll(text: string, names: Names): string {
  const named = names.reduce((result, [actual, shown]) => result.replaceAll(actual, shown), text);
  return replacements.reduce(
    (result, [pattern, replacement]) => result.replaceAll(pattern, replacement),
    named,
  );
}

export function normalize(output: string, names: Names = []): string {
  const lines = output.split('\n');
  const result: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    if (eventsHeader.test(line)) {
      const end = lines.findIndex((each, index) => index > at && !each.startsWith('  '));
      const table = lines.slice(at, end < 0 ? lines.length : end);
      result.push(...normalizeEvents(table, names));
      at += table.length;
      continue;
    }
    if (!isTableHeader(line) || !/ {3}/.test(line)) {
      result.push(replaceAll(line, names));
      at += 1;
      continue;
    }
    const starts = columnStarts(line);
    const end = lines.findIndex((each, index) => index > at && !isRow(each, starts));
    const table = lines.slice(at, end < 0 ? lines.length : end);
    result.push(...normalizeTable(table, names));
    at += table.length;
  }
  return result.map((line) => line.trimEnd()).join('\n');
}
