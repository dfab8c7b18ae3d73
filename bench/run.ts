/**
 * Runs benchmarks and writes their medians and ratios to RESULTS.md. Run: npm run bench [-- <name> ...]
 *
 * Every `<name>.bench.ts` here exports `bench` (see bench.ts) and runs alone, in a process of its own. Exits with 1
 * when a promise is not kept.
 */
import { execFileSync, fork } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Bench, isMet, type Measurement } from './bench.ts';
import { formatSection, mergeSections } from './report.ts';

const folder = import.meta.dirname;
const resultsFile = path.join(folder, 'RESULTS.md');

function commit(): string {
  try {
    const options = { cwd: folder, encoding: 'utf8' } as const;
    const hash = execFileSync('git', ['rev-parse', '--short', 'HEAD'], options).trim();
    const isDirty = execFileSync('git', ['status', '--porcelain'], options) !== '';
    return isDirty ? `${hash} with uncommitted changes` : hash;
  } catch {
    return 'no git repository';
  }
}

function conditions(): string[] {
  const cpus = os.cpus();
  const memory = (os.totalmem() / 2 ** 30).toFixed(1);
  const load = os.loadavg()[0]?.toFixed(1);
  return [
    `${new Date().toISOString().slice(0, 10)}, commit ${commit()}`,
    `${cpus.length} x ${cpus[0]?.model.trim() ?? 'unknown processor'}, ${memory} GiB, load ${load} at the start`,
    `${os.type()} ${os.release()}, Node ${process.versions.node}`,
  ];
}

/** The measurements of one file, made in a child process. */
function runInChild(name: string): Promise<Measurement[]> {
  return new Promise((resolve, reject) => {
    const child = fork(path.join(folder, 'run.ts'), ['--child', name]);
    let measurements: Measurement[] | undefined;
    child.on('message', (message) => {
      measurements = message as Measurement[];
    });
    child.on('exit', (code) => {
      if (code === 0 && measurements !== undefined) resolve(measurements);
      else reject(new Error(`${name}.bench.ts ended with exit code ${code}`));
    });
  });
}

async function runAsChild(name: string): Promise<void> {
  const file = pathToFileURL(path.join(folder, `${name}.bench.ts`)).href;
  const { bench } = (await import(file)) as { bench: Bench };
  const measurements = await bench.run();
  process.send?.(measurements, () => process.exit(0));
}

async function main(wantedNames: readonly string[]): Promise<void> {
  const all = readdirSync(folder)
    .filter((file) => file.endsWith('.bench.ts'))
    .map((file) => file.slice(0, -'.bench.ts'.length))
    .sort();
  const unknown = wantedNames.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`no benchmark ${unknown.join(', ')}; there are: ${all.join(', ')}`);
  const names = wantedNames.length > 0 ? wantedNames : all;
  for (const name of names) {
    const before = conditions();
    const measurements = await runInChild(name);
    const text = formatSection({ name, conditions: before, measurements });
    const existing = existsSync(resultsFile) ? readFileSync(resultsFile, 'utf8') : '';
    writeFileSync(resultsFile, mergeSections(existing, [{ name, text }]));
    console.log(text);
    if (measurements.some((each) => isMet(each) === false)) process.exitCode = 1;
  }
}

const [first, second] = process.argv.slice(2);
if (first === '--child' && second !== undefined) await runAsChild(second);
else await main(process.argv.slice(2));
