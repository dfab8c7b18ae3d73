/** What README.md tells people to type exists. Its tour is played by test/labs, on a cluster that `up` has made. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { readme, readmeBlocks } from './readme.ts';

const root = path.join(import.meta.dirname, '..');

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
  assert.ok(readmeBlocks('sh').includes('npm test\n'));
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

test('every command of bin/wherry in the README and in docs is there, with its options', async () => {
  const help = (command: string) =>
    execFileSync(path.join(root, 'bin/wherry'), [...command.split(' '), '--help'], { encoding: 'utf8' });
  const pages = ['nodes', 'lessons', 'services', 'dns', 'security', 'storage', 'load-balancers', 'why'];
  const texts = await Promise.all(pages.map((page) => readFile(path.join(root, `docs/${page}.md`), 'utf8')));
  const used = [readme, ...texts].flatMap((text) => [
    ...text.replaceAll(/\n/g, ' ').matchAll(/bin\/wherry ((?:image )?[a-z]+)([^`$]*)/g),
  ]);
  const commands = new Set(used.map(([, command = '']) => command));
  assert.ok(commands.has('up') && commands.has('agent') && commands.has('why'));
  for (const command of commands) {
    const text = help(command);
    const options = used
      .filter(([, found]) => found === command)
      .flatMap(([, , rest = '']) => rest.match(/--[a-z-]+/g) ?? []);
    for (const option of options) assert.ok(text.includes(option), `bin/wherry ${command} ${option}`);
  }
});

test('every link of the README and of docs leads somewhere', async () => {
  const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'];
  const docs = [
    'architecture',
    'services',
    'dns',
    'nodes',
    'storage',
    'security',
    'lessons',
    'load-balancers',
    'why',
  ];
  for (const page of [...pages, ...docs.map((name) => `docs/${name}.md`)]) {
    const text = await readFile(path.join(root, page), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#]+)/g))
      if (!/^https?:/.test(target))
        assert.ok(existsSync(path.join(root, path.dirname(page), target)), `${page}: ${target}`);
  }
});
