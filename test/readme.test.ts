/** What README.md tells people to type exists. Its tour is played by test/labs, on a cluster that `up` has made. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { readme, readmeBlocks } from './readme.ts';
import { machinesOfResults, tableOfFigures } from './readme-figures.ts';

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

/** Every page: what is added to docs is looked at without being named here. */
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...['docs', 'docs/adr', 'docs/conformance'].flatMap((folder) =>
    readdirSync(path.join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];

const textOf = (page: string) => readFileSync(path.join(root, page), 'utf8');

test('every command of bin/wherry in the README and in docs is there, with its options', () => {
  const help = (command: string) =>
    execFileSync(path.join(root, 'bin/wherry'), [...command.split(' '), '--help'], { encoding: 'utf8' });
  const used = pages.flatMap((page) => [
    ...textOf(page)
      .replaceAll('\n', ' ')
      .matchAll(/bin\/wherry ((?:(?:image|token) )?[a-z]+)([^`$|]*)/g),
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

test('every link of the README and of docs leads somewhere', () => {
  for (const page of pages)
    for (const [, target = ''] of textOf(page).matchAll(/\]\(([^)#]+)/g))
      if (!/^https?:/.test(target))
        assert.ok(existsSync(path.join(root, path.dirname(page), target)), `${page}: ${target}`);
});

test('every page of docs can be reached from the README', () => {
  const linked = new Set(
    ['README.md', 'docs/architecture.md', 'ARCHITECTURE.md'].flatMap((page) =>
      [...textOf(page).matchAll(/\]\(([^)#]+)/g)].map(([, target = '']) =>
        path.posix.join(path.posix.dirname(page), target),
      ),
    ),
  );
  const isReached = (page: string) => linked.has(page) || linked.has(path.posix.dirname(page));
  assert.deepEqual(
    pages.filter((page) => page.startsWith('docs/') && !isReached(page)),
    [],
  );
});

test('every file and folder of the project that a page names is there', () => {
  const named = pages.flatMap((page) =>
    [...textOf(page).matchAll(/`((?:src|test|tools|bench)\/[\w./-]+)`/g)].map(([, file = '']) => ({
      page,
      file,
    })),
  );
  assert.ok(named.length > 30);
  assert.deepEqual(
    named.filter(({ file }) => !existsSync(path.join(root, file))),
    [],
  );
});

test('the tables of docs/conformance are counted right', () => {
  const folder = 'docs/conformance';
  const cellsOf = (line: string) => line.split(/(?<!\\)\|/).map((cell) => cell.trim());
  const rowsOf = (page: string) =>
    textOf(`${folder}/${page}`)
      .split('\n')
      .filter((line) => /^\| /.test(line) && !/^\| (---|upstream|client|page) /.test(line))
      .map((line) => cellsOf(line).slice(1, -1));
  for (const [link = '', ...told] of rowsOf('README.md')) {
    const page = /\((.*)\)/.exec(link)?.[1] ?? '';
    const rows = rowsOf(page);
    const missing = rows.filter((cells) => /^missing/i.test(cells.at(-1) ?? ''));
    const conformance = (of: string[][]) =>
      page === 'clients.md' ? '' : String(of.filter((cells) => cells[2] === 'yes').length);
    const counted = [String(rows.length), conformance(rows), String(missing.length), conformance(missing)];
    assert.deepEqual(told, counted, page);
    assert.deepEqual(
      rows.filter((cells) => cells.at(-1) === ''),
      [],
      page,
    );
  }
});

test('the figures of the README are those of bench/RESULTS.md; UPDATE_README=1 writes them', () => {
  const table = /^\| what \| Wherry \| beside \|\n(?:\|.*\n)+/m.exec(readme)?.[0];
  assert.ok(table !== undefined);
  const wanted = `${tableOfFigures()}\n`;
  if (process.env.UPDATE_README === '1') {
    writeFileSync(
      path.join(root, 'README.md'),
      readme.replace(table, () => wanted),
    );
    return;
  }
  assert.equal(table, wanted);
});

test('the machine of the README is the one of all of bench/RESULTS.md', () => {
  const machines = [...new Set(machinesOfResults())];
  const [, told = ''] = /on one machine \(([^)]*)\)/.exec(readme) ?? [];
  assert.deepEqual(machines, [told]);
});
