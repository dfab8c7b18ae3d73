/** The command line as a person meets it: `bin/wherry` itself, its words and its exit codes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Command } from 'commander';
import { askHttp1 } from '../../test/hostile/clients.ts';
import { makeProgram } from './command-line.ts';
import { exitCodes } from './failure.ts';
import { parseSelection } from './server/selection.ts';
import { startServer } from './server/server.ts';
import { versionLine } from './version.ts';

const launcher = join(import.meta.dirname, '../../bin/wherry');
let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-main-'));
});
after(() => rm(directory, { recursive: true }));

interface Run {
  child: ChildProcess;
  output: () => string;
  errors: () => string;
  exited: Promise<number | null>;
}

function run(args: string[], options: { command?: string; env?: Record<string, string> } = {}): Run {
  const child = spawn(options.command ?? launcher, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => output, errors: () => errors, exited };
}

async function ready(server: Run): Promise<void> {
  for (let attempt = 0; !server.output().includes('KUBECONFIG'); attempt++) {
    assert.ok(
      attempt < 1000 && server.child.exitCode === null,
      `not ready: ${server.output()}${server.errors()}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const told: Record<string, { args: () => string[]; code: number; errors: string }> = {
  'an unknown command': {
    args: () => ['serve'],
    code: exitCodes.usage,
    errors: "wherry: unknown command 'serve'\n(Did you mean server?)\nwherry: try wherry --help\n",
  },
  'an unknown option': {
    args: () => ['server', '--colour'],
    code: exitCodes.usage,
    errors: "wherry: unknown option '--colour'\nwherry: try wherry server --help\n",
  },
  'an option without its value': {
    args: () => ['server', '--port'],
    code: exitCodes.usage,
    errors: "wherry: option '--port <number>' argument missing\nwherry: try wherry server --help\n",
  },
  'a data directory that is an unset variable': {
    args: () => ['up', '--data-dir', ''],
    code: exitCodes.usage,
    errors: 'wherry: --data-dir is empty; wanted is a directory\nwherry: try wherry up --help\n',
  },
  'an option of a command of a command': {
    args: () => ['token', 'create', '--ttl', 'long'],
    code: exitCodes.usage,
    errors:
      'wherry: --ttl is "long"; wanted is a time such as 24h or 90m, or 0 for a token that does not end\nwherry: try wherry token create --help\n',
  },
  'a port that is none': {
    args: () => ['server', '--port', 'x'],
    code: exitCodes.usage,
    errors:
      'wherry: --port is "x"; wanted is a number from 0 to 65535, where 0 takes a free port\nwherry: try wherry server --help\n',
  },
  'a service range that is none': {
    args: () => [
      'server',
      '--data-dir',
      join(directory, 'range'),
      '--port',
      '0',
      '--service-cidr',
      '10.0.0.0/40',
    ],
    code: exitCodes.usage,
    errors:
      'wherry: the range of service addresses is "10.0.0.0/40", which is not a network such as 10.96.0.0/16\n',
  },
  'a directory that is a file': {
    args: () => ['server', '--port', '0', '--data-dir', '/dev/null'],
    code: exitCodes.failed,
    errors:
      "wherry: the data directory /dev/null cannot be used: EEXIST: file already exists, mkdir '/dev/null'; give another --data-dir\n",
  },
};
for (const [name, { args, code, errors }] of Object.entries(told))
  test(`is told in a line: ${name}`, async () => {
    const result = run(args());
    assert.equal(await result.exited, code);
    assert.equal(result.errors(), errors);
    assert.equal(result.output(), '');
  });

test('help and version', async () => {
  const help = run(['--help']);
  assert.equal(await help.exited, exitCodes.done);
  assert.match(help.output(), /Exit codes: 0 done, 1 failed, 2 the command line is wrong\./);
  const version = run(['version']);
  assert.equal(await version.exited, exitCodes.done);
  assert.equal(version.output(), `${await versionLine()}\n`);
});

describe('a server', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    test(`says where it is, and ends with 0 on ${signal}`, async () => {
      const data = join(directory, `ends on ${signal}`);
      const server = run(['server', '--data-dir', data, '--port', '0']);
      await ready(server);
      assert.match(
        server.output(),
        new RegExp(
          `^wherry is ready at https://127\\.0\\.0\\.1:\\d+, its data in ${data}\nexport KUBECONFIG='${data}/kubeconfig'\n$`,
        ),
      );
      server.child.kill(signal);
      assert.equal(await server.exited, exitCodes.done);
    });

  test('a second one on the same directory is refused, and a second one on the same port', async () => {
    const data = join(directory, 'twice');
    const first = run(['server', '--data-dir', data, '--port', '0']);
    await ready(first);
    const port = /:(\d+),/.exec(first.output())?.[1] ?? '';
    const sameDirectory = run(['server', '--data-dir', data, '--port', '0']);
    assert.equal(await sameDirectory.exited, exitCodes.failed);
    assert.equal(
      sameDirectory.errors(),
      `wherry: the data directory ${data} is in use by another wherry process; stop that one, or give this one a --data-dir of its own\n`,
    );
    const samePort = run(['server', '--data-dir', join(directory, 'other'), '--port', port]);
    assert.equal(await samePort.exited, exitCodes.failed);
    assert.equal(
      samePort.errors(),
      `wherry: cannot listen on 127.0.0.1 port ${port}: another process listens there; stop it, choose another --port, or --port 0 for a free one\n`,
    );
    assert.equal(first.child.exitCode, null);
    first.child.kill();
    assert.equal(await first.exited, exitCodes.done);
  });

  test('a signal before it is ready ends it', async () => {
    const server = run(['server', '--data-dir', join(directory, 'early'), '--port', '0']);
    await new Promise((resolve) => setTimeout(resolve, 120));
    server.child.kill();
    // Before its own handler stands the signal itself ends it; both are ends.
    const code = await server.exited;
    assert.ok(code === exitCodes.done || code === null, String(code));
  });

  test('what was opened is closed again when the start fails', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const { silentLogger } = await import('../lib/log.ts');
    const options = {
      dataDirectory: join(directory, 'fails'),
      port,
      bindAddress: '127.0.0.1',
      advertiseAddress: undefined,
      store: 'sqlite' as const,
      serviceCIDRs: ['10.96.0.0/16'],
      nodePortRange: '30000-32767',
      tlsNames: [],
      controllers: parseSelection('*'),
      disabledAdmission: [],
      simulatedNodes: 0,
      simulatedNodeEvents: true,
      loopback: false,
    };
    await assert.rejects(startServer(options, silentLogger), { code: 'PORT_TAKEN' });
    taken.close();
    // The directory's lock is free, and the same process may try again.
    const running = await startServer({ ...options, port: 0 }, silentLogger);
    await running.stop();
  });

  test('in memory it keeps certificates and the token of nodes only', async () => {
    const data = join(directory, 'memory');
    const server = run(['server', '--data-dir', data, '--port', '0', '--store', 'memory']);
    await ready(server);
    const { readdir } = await import('node:fs/promises');
    assert.deepEqual((await readdir(data)).sort(), ['join-token', 'kubeconfig', 'pki']);
    const pki = (name: string) => readFile(join(data, 'pki', name), 'utf8');
    const target = {
      port: Number(/:(\d+),/.exec(server.output())?.[1]),
      authority: await pki('ca.crt'),
      client: { certificate: await pki('admin.crt'), key: await pki('admin.key') },
    };
    assert.equal((await askHttp1(target, { path: '/api/v1/namespaces/default' })).status, 200);
    server.child.kill();
    assert.equal(await server.exited, exitCodes.done);
  });
});

describe('the launcher', () => {
  test('is found through links', async () => {
    const link = join(directory, 'link');
    await symlink(launcher, link);
    await symlink('link', join(directory, 'link-to-link'));
    const version = run(['version'], { command: join(directory, 'link-to-link') });
    assert.equal(await version.exited, exitCodes.done);
    assert.match(version.output(), /^wherry /);
  });

  test('says how to get Node where there is none that will do', async () => {
    const root = join(directory, 'bare');
    await mkdir(join(root, 'bin'), { recursive: true });
    await cp(launcher, join(root, 'bin', 'wherry'));
    await mkdir(join(root, 'old'));
    await writeFile(join(root, 'old', 'node'), '#!/bin/sh\necho v20.1.0\n', { mode: 0o755 });
    const start = (path: string) =>
      run(['version'], { command: join(root, 'bin', 'wherry'), env: { PATH: `${path}:/usr/bin:/bin` } });
    const old = start(join(root, 'old'));
    assert.equal(await old.exited, 1);
    assert.equal(
      old.errors(),
      `wherry: Node 24 or newer is needed; found v20.1.0 on PATH and none in ${root}/node_modules.\n` +
        `wherry: install it for this project alone with: (cd ${root} && npm ci)\n`,
    );
  });
});

describe('every command', () => {
  const everyone = (command: Command, before: readonly string[] = []): [string, Command][] => [
    [before.join(' '), command],
    ...command.commands.flatMap((each) => everyone(each, [...before, each.name()])),
  ];
  const commands = everyone(makeProgram(() => {}));

  test('stands in the docs, which name no other', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/command-line.md'), 'utf8');
    const documented = [...page.matchAll(/^\| `wherry ([a-z ]+)` \|/gm)].map(([, words]) => words);
    const leaves = commands.filter(([, { commands: more }]) => more.length === 0).map(([words]) => words);
    assert.deepEqual(documented.sort(), leaves.sort());
  });

  for (const [words, command] of commands)
    test(`says what its options and exit codes mean: wherry ${words}`, () => {
      let text = '';
      command.configureOutput({
        writeOut: (part) => {
          text += part;
        },
      });
      command.outputHelp();
      assert.match(text, /^Exit codes: 0 .*\b1\b.* 2 the command line is wrong/m);
      for (const { flags, description } of command.options) assert.notEqual(description, '', flags);
      // A default that says nothing is none.
      assert.doesNotMatch(text, /\(default: (\[\]|""|undefined)\)/);
    });
});

describe('output that nobody takes', () => {
  const shell = (line: string): Run => run(['-c', line, 'sh', launcher], { command: '/bin/sh' });

  test('is no failure', async () => {
    const result = shell('{ sleep 0.5; "$1" --help; echo "code $?" >&2; } | true');
    assert.equal(await result.exited, 0);
    assert.equal(result.errors(), 'code 0\n');
  });

  test('is one when its disk is full', {
    skip: existsSync('/dev/full') ? false : 'no /dev/full here',
  }, async () => {
    const result = shell('"$1" version > /dev/full');
    assert.equal(await result.exited, exitCodes.failed);
    assert.match(result.errors(), /^wherry: standard output cannot be written: ENOSPC: [^\n]*\n$/);
  });
});

test('help is found by name, also of a command of a command', async () => {
  const [found, missing] = [run(['help', 'token', 'create']), run(['help', 'token', 'make'])];
  assert.equal(await found.exited, exitCodes.done);
  assert.match(found.output(), /^Usage: wherry token create /);
  assert.equal(await missing.exited, exitCodes.usage);
  assert.match(missing.errors(), /^wherry: there is no command "token make"\n/);
});
