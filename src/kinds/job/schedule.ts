/**
 * A CronJob's schedule: five fields or a name. Stricter than most: no `7` for Sunday, no `L`, `W` or `#`.
 * Source of grammar and wording: github.com/robfig/cron v3 (ParseStandard), which upstream uses.
 */

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
/** Minute, hour, day of the month, month, day of the week. Names count from the least. */
const fields: readonly Bounds[] = [
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  { least: 1, most: 12, names: months },
  { least: 0, most: 6, names: days },
];
const names = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const every = '@every ';
const goDuration = /^[-+]?(0|((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

/** A number, or what is wrong with the text. */
function parseNumber(text: string): number | string {
  if (!/^[+-]?[0-9]+$/.test(text))
    return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: value out of range`;
  return value < 0 ? `negative number (${value}) not allowed: ${text}` : value;
}

function parseNumberOrName(text: string, bounds: Bounds): number | string {
  const index = bounds.names?.indexOf(text.toLowerCase()) ?? -1;
  return index === -1 ? parseNumber(text) : index + bounds.least;
}

/** The ends of `*`, `?`, `5`, `1-5`, or what is wrong. */
function parseEnds(range: string, whole: string, bounds: Bounds): { start: number; end: number } | string {
  const ends = range.split('-');
  if (ends[0] === '*' || ends[0] === '?') return { start: bounds.least, end: bounds.most };
  const start = parseNumberOrName(ends[0] as string, bounds);
  if (typeof start === 'string') return start;
  if (ends.length === 1) return { start, end: start };
  if (ends.length > 2) return `too many hyphens: ${whole}`;
  const end = parseNumberOrName(ends[1] as string, bounds);
  return typeof end === 'string' ? end : { start, end };
}

function rangeProblem(text: string, bounds: Bounds): string | undefined {
  const parts = text.split('/');
  const ends = parseEnds(parts[0] as string, text, bounds);
  if (typeof ends === 'string') return ends;
  let { start, end } = ends;
  let step: number | string = 1;
  if (parts.length > 2) return `too many slashes: ${text}`;
  if (parts.length === 2) {
    step = parseNumber(parts[1] as string);
    if (typeof step === 'string') return step;
    if (!(parts[0] as string).includes('-')) end = bounds.most;
  }
  if (start < bounds.least) return `beginning of range (${start}) below minimum (${bounds.least}): ${text}`;
  if (end > bounds.most) return `end of range (${end}) above maximum (${bounds.most}): ${text}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`;
  return step === 0 ? `step of range should be a positive number: ${text}` : undefined;
}

function descriptorProblem(text: string): string | undefined {
  if (names.has(text)) return undefined;
  if (!text.startsWith(every)) return `unrecognized descriptor: ${text}`;
  const duration = text.slice(every.length);
  if (goDuration.test(duration)) return undefined;
  return `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`;
}

/** What is wrong with a schedule, in upstream's words; undefined when it is good. */
export function scheduleProblem(schedule: string): string | undefined {
  if (schedule === '') return 'empty spec string';
  let text = schedule;
  if (text.startsWith('TZ=') || text.startsWith('CRON_TZ=')) {
    const blank = text.indexOf(' ');
    const zone = text.slice(text.indexOf('=') + 1, blank === -1 ? undefined : blank);
    const problem = timeZoneProblem(zone);
    if (problem !== undefined) return `provided bad location ${zone}: ${problem}`;
    text = blank === -1 ? '' : text.slice(blank).trim();
  }
  if (text.startsWith('@')) return descriptorProblem(text);
  const parts = text.split(/\s+/).filter((part) => part !== '');
  if (parts.length !== fields.length)
    return `expected exactly ${fields.length} fields, found ${parts.length}: [${parts.join(' ')}]`;
  for (const [index, part] of parts.entries())
    for (const range of part.split(',')) {
      const problem = range === '' ? undefined : rangeProblem(range, fields[index] as Bounds);
      if (problem !== undefined) return problem;
    }
  return undefined;
}

/** Whether the time zone is known. */
export function timeZoneProblem(zone: string): string | undefined {
  const unknown = `unknown time zone ${zone}`;
  if (/^[+-]/.test(zone)) return unknown;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return undefined;
  } catch {
    return unknown;
  }
}
