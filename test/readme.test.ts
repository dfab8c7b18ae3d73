/** What README.md tells people to type works, and prints what README.md says. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findKubectls } from './kubectl/kubectls.ts';
import { normalize } from './kubectl/normalize.ts';
import { type RunningServer, startServer } from './kubectl/server.ts';
import { parseTranscript, runStep } from './kubectl/transcript.ts';

const root = path.join(import.meta.dirname, '..');
const readme = await readFile(path.join(root, 'README.md'), 'utf8');

function blocks(language: string): string[] {
  return [...readme.matchAll(/^```(\S*)\n(.*?)^```$/gms)]
    .filter(([, found]) => found === language)
    .map(([, , body]) => body ?? '');
}

/** In a README a blank line inside an output is just that; in a transcript it is a dot. */
function consoleTranscript(): string {
  return blocks('console')
    .join('\n')
    .replaceAll(/^\n(?!\$ )/gm, '.\n');
}

test('every block of the README is a shell command or a session', () => {
  const languages = [...readme.matchAll(/^```(\S+)$/gm)].map(([, language]) => language);
  assert.deepEqual(new Set(languages), new Set(['sh', 'console']));
});

test('every npm command of the README is a script', async () => {
  const { scripts } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const commands = [...readme.matchAll(/\bnpm (?:run )?([\w:]+)/g)].map(([, name]) => name ?? '');
  assert.deepEqual([...new Set(commands.filter((name) => !Object.hasOwn(scripts, name)))], []);
});

test(".ci/run calls the README's test command", async () => {
  const lines = (await readFile(path.join(root, '.ci/run'), 'utf8')).trimEnd().split('\n');
  assert.ok(blocks('sh').includes('npm test\n'));
  assert.equal(lines.at(-1), 'exec npm test');
});

test('every option of `bin/wherry server` in the README exists', async () => {
  const help = execFileSync(path.join(root, 'bin/wherry'), ['server', '--help'], { encoding: 'utf8' });
  const section = /^## The server by itself\n(.*?)^## /ms.exec(readme)?.[1] ?? '';
  const options = [...section.matchAll(/--[a-z-]+/g)].map(([option]) => option);
  assert.ok(options.length > 3);
  assert.deepEqual(
    options.filter((option) => !help.includes(`${option} `)),
    [],
  );
});

const [kubectl] = findKubectls();
const skip =
  kubectl === undefined
    ? 'no kubectl on PATH'
    : kubectl.minor < 30
      ? 'the README shows the output of a kubectl from 1.30 on'
      : false;

describe("the README's tour", { skip }, () => {
  let server: RunningServer;
  let directory: string;
  before(async () => {
    server = await startServer({ store: 'sqlite', controllers: '*', simulatedNodes: 2 });
    directory = await mkdtemp(path.join(os.tmpdir(), 'wherry-readme-'));
  });
  after(async () => {
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test('prints what the README says', async () => {
    const session = {
      directory,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: directory, KUBECONFIG: server.kubeconfig },
      namespace: { actual: 'default', shown: 'default' },
    };
    const { steps } = parseTranscript('README.md', consoleTranscript());
    assert.ok(steps.length > 5);
    for (const step of steps) {
      const output = await runStep(step, session);
      // A README does not show exit codes.
      const shown = output.replace(/^\[exit \d+\]\n$/m, '');
      assert.equal(`$ ${step.command}\n${shown}`, `$ ${step.command}\n${normalize(step.expected)}`);
    }
  });
});
