/** Turns measurements into the Markdown of RESULTS.md, one section for each benchmark. */
import { isMet, type Measurement, median, ratioConfidence, ratioToFloor } from './bench.ts';

/** Four significant digits, thousands separated. */
function number(value: number): string {
  const rounded = Number(value.toPrecision(4));
  return rounded.toLocaleString('en', { maximumFractionDigits: 3 });
}

function wantedText({ wanted, unit }: Measurement): string {
  if (wanted === undefined) return '';
  return [
    ...(wanted.atLeast === undefined ? [] : [`at least ${number(wanted.atLeast)} ${unit}`]),
    ...(wanted.atMost === undefined ? [] : [`at most ${number(wanted.atMost)} ${unit}`]),
    ...(wanted.ratioAtLeast === undefined ? [] : [`ratio at least ${number(wanted.ratioAtLeast)}`]),
  ].join(', ');
}

function ratioText(measurement: Measurement): string {
  const ratio = ratioToFloor(measurement);
  if (ratio === undefined) return '';
  const confidence = ratioConfidence(measurement);
  if (confidence === undefined) return number(ratio);
  return `${ratio.toFixed(3)} (${confidence.map((each) => each.toFixed(3)).join(' - ')})`;
}

function row(measurement: Measurement): string[] {
  const { name, unit, samples, floor } = measurement;
  const met = isMet(measurement);
  return [
    name,
    `${number(median(samples))} ${unit}`,
    `${number(Math.min(...samples))} - ${number(Math.max(...samples))} (${samples.length})`,
    floor === undefined ? '' : `${number(median(floor.samples))} ${unit} (${floor.name})`,
    ratioText(measurement),
    wantedText(measurement),
    met === undefined ? '' : met ? 'yes' : '**no**',
  ];
}

const header = ['measured', 'median', 'range (rounds)', 'floor in the same run', 'ratio', 'wanted', 'met'];

export interface Section {
  name: string;
  /** Date, machine and versions of this run. */
  conditions: string[];
  measurements: Measurement[];
}

export function formatSection({ name, conditions, measurements }: Section): string {
  const rows = [header, header.map(() => '---'), ...measurements.map(row)];
  const table = rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return `## ${name}\n\n${conditions.map((line) => `- ${line}`).join('\n')}\n\n${table}\n`;
}

const title = `# Benchmark results

Written by \`npm run bench\`; each section tells its own machine and date.

A ratio is that of the two medians; where samples were taken in pairs, ours and the floor's one right after the other, it
is the median of the pairs' ratios. With many pairs, each of the two as often first, the range where that median lies with
95 % confidence stands behind it.
`;

/** Puts sections in place of those of the same name and keeps the others. */
export function mergeSections(existing: string, sections: readonly { name: string; text: string }[]): string {
  const kept = new Map(
    existing
      .split(/^(?=## )/m)
      .filter((text) => text.startsWith('## '))
      .map((text) => [text.slice(3, text.indexOf('\n')), text.trimEnd()]),
  );
  for (const { name, text } of sections) kept.set(name, text.trimEnd());
  const sorted = [...kept].sort(([a], [b]) => a.localeCompare(b, 'en')).map(([, text]) => text);
  return `${[title.trimEnd(), ...sorted].join('\n\n')}\n`;
}
