/**
 * When a CronJob's schedule comes next, in its time zone. Source of behaviour: github.com/robfig/cron v3, which upstream
 * uses: times that a change of clocks leaves out are left out, times that come twice come twice.
 */
import { parseGoDuration } from './go-duration.ts';

export type Schedule = (after: number) => number | undefined;

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** `0 0 30 2 *` never comes: upstream gives up after five years. */
const searchedDays = 5 * 366;

const named: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const names = [
  ...['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map(
    (name, index) => [name, index + 1] as const,
  ),
  ...['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].map((name, index) => [name, index] as const),
];
const numberOf = new Map<string, number>(names);

interface Field {
  readonly values: ReadonlySet<number>;
  /** Every value, by a star: then the other of the two day fields decides. */
  readonly isAny: boolean;
}

function fieldOf(text: string, [least, most]: readonly [number, number]): Field {
  const values = new Set<number>();
  let isAny = false;
  for (const part of text.split(',').filter((each) => each !== '')) {
    const [range = '', stepText] = part.split('/');
    const step = Number(stepText ?? 1);
    const isStar = range.startsWith('*') || range.startsWith('?');
    const ends = range.split('-').map((end) => numberOf.get(end.toLowerCase()) ?? Number(end));
    const start = isStar ? least : (ends[0] as number);
    const end = isStar || (stepText !== undefined && ends.length === 1) ? most : (ends[1] ?? start);
    isAny ||= isStar && step === 1;
    for (let value = start; value <= end; value += step) values.add(value);
  }
  return { values, isAny };
}

/** Milliseconds by which the zone's clocks are ahead of UTC. */
function offsetReader(zone: string): (at: number) => number {
  if (zone === '' || zone === 'UTC' || zone === 'Etc/UTC') return () => 0;
  const parts = {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  } as const;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    ...parts,
    second: 'numeric',
  });
  return (at) => {
    const found = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const of = (name: Intl.DateTimeFormatPartTypes) => found.get(name) ?? 0;
    const wall = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
    return wall - Math.floor(at / 1000) * 1000;
  };
}

/** The moments at which the zone's clocks show this; none or two when they are changed. */
function momentsOf(wall: number, offsets: ReadonlySet<number>, offsetAt: (at: number) => number): number[] {
  const moments = [...offsets].map((offset) => wall - offset);
  return offsets.size === 1 ? moments : moments.filter((moment) => offsetAt(moment) === wall - moment);
}

function fieldsSchedule(text: string, zone: string): Schedule {
  const parts = text.split(/\s+/).filter((part) => part !== '');
  const bounds = [
    [0, 59],
    [0, 23],
    [1, 31],
    [1, 12],
    [0, 6],
  ] as const;
  const [minutes, hours, days, months, weekdays] = bounds.map((each, index) =>
    fieldOf(parts[index] ?? '', each),
  ) as [Field, Field, Field, Field, Field];
  const offsetAt = offsetReader(zone);
  const isRightDay = (date: Date) => {
    if (!months.values.has(date.getUTCMonth() + 1)) return false;
    const byDate = days.values.has(date.getUTCDate());
    const byWeekday = weekdays.values.has(date.getUTCDay());
    return days.isAny || weekdays.isAny ? byDate && byWeekday : byDate || byWeekday;
  };
  return (after) => {
    const firstDay = Math.floor((after + offsetAt(after)) / day) * day;
    for (let index = 0; index < searchedDays; index++) {
      const midnight = firstDay + index * day;
      if (!isRightDay(new Date(midnight))) continue;
      const offsets = new Set([offsetAt(midnight - day), offsetAt(midnight + 2 * day)]);
      let best: number | undefined;
      for (const atHour of hours.values)
        for (const atMinute of minutes.values)
          for (const moment of momentsOf(midnight + atHour * hour + atMinute * minute, offsets, offsetAt))
            if (moment > after && (best === undefined || moment < best)) best = moment;
      if (best !== undefined) return best;
    }
    return undefined;
  };
}

/** Of a schedule that is good (`scheduleProblem` of kinds/job). A zone in the schedule wins over none. */
export function readSchedule(schedule: string, timeZone: string | undefined): Schedule {
  const zoned = /^(?:CRON_)?TZ=(\S+)\s+(.*)$/.exec(schedule);
  const zone = timeZone ?? zoned?.[1] ?? '';
  const text = zoned?.[2] ?? schedule;
  if (!text.startsWith('@every '))
    return fieldsSchedule(Object.hasOwn(named, text) ? (named[text] as string) : text, zone);
  // Whole seconds, at least one.
  const period = Math.max(1, Math.floor(parseGoDuration(text.slice('@every '.length)) / 1000)) * 1000;
  return (after) => Math.floor(after / 1000) * 1000 + period;
}

/** RFC 3339 in the zone: `2026-07-01T06:00:00+02:00`. */
export function zonedTimestamp(at: number, timeZone: string | undefined): string {
  const offset = offsetReader(timeZone ?? '')(at);
  const wall = new Date(at + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${wall}Z`;
  const pad = (value: number) => `${Math.floor(value)}`.padStart(2, '0');
  const size = Math.abs(offset);
  return `${wall}${offset < 0 ? '-' : '+'}${pad(size / hour)}:${pad((size % hour) / minute)}`;
}
