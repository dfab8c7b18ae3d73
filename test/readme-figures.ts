/** The README's table "How it compares", made of bench/RESULTS.md: which of its rows, and how their figures are shortened. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const results = readFileSync(path.join(import.meta.dirname, '../bench/RESULTS.md'), 'utf8');

interface Measured {
  /** `26,070 /s` */
  readonly median: string;
  /** `28,060 /s (straight to the pod)`, or nothing. */
  readonly floor: string;
}

interface Figure {
  readonly what: string;
  /** Text with the figures in it. */
  readonly wherry: string;
  readonly beside: string;
}

/** The part of a bench's section that says where it was measured. */
export function machinesOfResults(): string[] {
  const found = results.matchAll(
    /^- (\d+ x .+) @ ([\d.]+)GHz, ([\d.]+) GiB.*\n- Linux (\d+\.\d+).*, Node (\d+)\./gm,
  );
  return [...found].map(([, processor = '', gigahertz, gibibytes, linux, node]) => {
    const name = processor.replaceAll(/\((?:R|TM)\)| Processor| CPU/g, '');
    return `${name} ${Number(gigahertz)} GHz, ${Math.round(Number(gibibytes))} GiB, Linux ${linux}, Node ${node}`;
  });
}

/** A row by the section it stands in and its whole first cell; no row of that name is an error. */
function row(section: string, name: string): Measured {
  const text = new RegExp(`^## ${section}\n(.*?)(?=^## |(?![^]))`, 'ms').exec(results)?.[1] ?? '';
  const line = text.split('\n').find((each) => each.startsWith(`| ${name} |`));
  if (line === undefined) throw new Error(`bench/RESULTS.md has no row in ## ${section}: ${name}`);
  const [median = '', , floor = ''] = line.slice(name.length + 4).split('|');
  return { median: median.trim(), floor: floor.trim() };
}

/** Three digits that count, two below a hundred: more would pretend to an exactness that a bench does not have. */
function short(figure: string): string {
  const [, digits = '', unit = ''] = /^([\d,.]+)( [^(]*)?/.exec(figure) ?? [];
  const value = Number(digits.replaceAll(',', ''));
  if (digits === '' || Number.isNaN(value)) throw new Error(`not a figure: ${figure}`);
  const rounded = Number(value.toPrecision(value < 100 ? 2 : 3));
  return `${rounded.toLocaleString('en-US')}${unit.trimEnd()}`;
}

/** `28 / 52 ms` */
function both({ median: left }: Measured, { median: right }: Measured): string {
  return `${short(left).split(' ')[0]} / ${short(right)}`;
}

const throughClusterIP = (layout: string) =>
  row('services', `new connections, one after the other, through a ClusterIP among 10,000${layout}`);

function figures(): Figure[] {
  const change = 'one changed Service among 10,000, from the write to the API to the kernel';
  const load = row('services', 'load of 5,000 Services x 2 endpoints');
  const connections = throughClusterIP('');
  const iptables = throughClusterIP(", kube-proxy's iptables layout");
  const creates = row('api', 'the same creates of ConfigMaps, beside what any server in Node can do');
  const events = row('api', 'events of 618 bytes delivered to 1,000 watchers, HTTP/2, 8 connections');
  const names = row('dns', 'DNS answers on one core, 10,000 Services, 64 in flight');
  const up = row('node', '`up` from nothing to the first ready pod, images present');
  const ready = (part: string) => row('node', `a pod from create to Ready, one at a time (50): ${part}`);
  const idle = (what: string) => short(row('node', what).median);
  const inProcess = (what: string) => short(row('api', what).median);
  return [
    {
      what: '`up` from nothing to the first ready pod, images present',
      wherry: short(up.median),
      beside: '',
    },
    {
      what: 'a pod from create to Ready, p50 / p99',
      wherry: both(ready('p50'), ready('p99')),
      beside: '',
    },
    {
      what: 'two nodes at rest, everything',
      wherry: `${idle('processor time of everything over a minute, two nodes, idle')}, ${idle('resident memory of everything (5 processes), two nodes, idle')}`,
      beside: '',
    },
    {
      what: '5,000 Services loaded into the kernel',
      wherry: short(load.median),
      beside: `${short(load.floor)} in kube-proxy's layout`,
    },
    {
      what: 'one changed Service among 10,000, API write to kernel, p50 / p99',
      wherry: both(row('services', `${change}, p50`), row('services', `${change}, p99`)),
      beside: '',
    },
    {
      what: 'new connections through a ClusterIP among 10,000 Services',
      wherry: short(connections.median),
      beside: `${short(iptables.median)} in kube-proxy's iptables layout; ${short(connections.floor)} straight to the pod`,
    },
    {
      what: 'DNS answers on one core, 10,000 Services',
      wherry: short(names.median),
      beside: `${short(names.floor)}, a bare UDP echo in Node`,
    },
    {
      what: 'ConfigMaps created and on disk, 64 in flight',
      wherry: short(creates.median),
      beside: `${short(creates.floor)}, a bare HTTP/2 server in Node that writes the same bytes`,
    },
    {
      what: 'events to 1,000 watchers',
      wherry: short(events.median),
      beside: `${short(events.floor)}, a bare HTTP/2 server in Node`,
    },
    {
      what: 'a control plane inside a test process, start to first answer',
      wherry: inProcess('in-process start to the first answer, memory store'),
      beside: `${inProcess('imports before it, compile cache warm')} of imports before it`,
    },
  ];
}

/** The table as it must stand in the README. */
export function tableOfFigures(): string {
  const lines = figures().map(({ what, wherry, beside }) => `| ${what} | ${wherry} | ${beside}`.trimEnd());
  return ['| what | Wherry | beside |', '|---|---|---|', ...lines.map((line) => `${line} |`)].join('\n');
}
