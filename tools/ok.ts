/**
 * The inner loop: types, lint, unused code, tidiness and unit tests. Needs no root and no Debian package.
 * Run: npm run ok
 */
import { spawn } from 'node:child_process';
import path from 'node:path';

const root = path.join(import.meta.dirname, '..');

const steps = [
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'lint', command: 'biome', args: ['check', '--error-on-warnings', '.'] },
  { name: 'unused', command: 'knip', args: [] },
  {
    name: 'tests',
    command: 'node',
    args: [
      '--test',
      '--test-reporter=dot',
      '--test-concurrency=2',
      // Crashing and filling the disk take a quarter of a minute each: npm test does that.
      'src/**/!(crash|sqlite-space).test.ts',
      'test/*.test.ts',
      'test/contract/**/*.test.ts',
      'test/scenarios/few-seeds.test.ts',
    ],
  },
];

interface Outcome {
  name: string;
  passed: boolean;
  seconds: number;
  output: string;
}

function runStep(step: (typeof steps)[number]): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const child = spawn(path.join(root, 'node_modules/.bin', step.command), step.args, { cwd: root });
    const finish = (passed: boolean) => {
      const seconds = (performance.now() - started) / 1000;
      resolve({ name: step.name, passed, seconds, output: Buffer.concat(chunks).toString() });
    };
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => {
      chunks.push(Buffer.from(String(error)));
      finish(false);
    });
    child.on('close', (code) => finish(code === 0));
  });
}

// One after the other: each of them uses every core by itself, and the quickest answers come first.
let failures = 0;
for (const step of steps) {
  const outcome = await runStep(step);
  console.log(`${outcome.passed ? 'ok    ' : 'FAILED'} ${outcome.name} (${outcome.seconds.toFixed(1)} s)`);
  if (outcome.passed) continue;
  failures += 1;
  console.log(outcome.output);
}
process.exitCode = failures === 0 ? 0 : 1;
