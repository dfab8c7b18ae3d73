/** tools/setup.mjs: says what it installs, installs only what is missing, and says what it cannot. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

const setup = path.join(import.meta.dirname, '../tools/setup.mjs');
const isRoot = process.getuid?.() === 0;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-setup-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A command on the only PATH that setup sees, which writes down how it was called. */
async function stub(name: string): Promise<void> {
  const file = path.join(folder, name);
  await writeFile(file, `#!/bin/sh\necho "${name} $*" >> '${folder}/calls'\n`);
  await chmod(file, 0o755);
}

/** What a real node takes. */
const nodeCommands = ['containerd', 'runc', 'host-local', 'catatonit', 'busybox', 'ip', 'nft', 'conntrack'];

/** What tests take besides. */
const testCommands = ['curl', 'jq', 'openssl'];

const runSetup = (...args: string[]) =>
  execFileSync(process.execPath, [setup, ...args], { env: { PATH: folder }, encoding: 'utf8' });

const calls = () => readFile(path.join(folder, 'calls'), 'utf8').catch(() => '');

test('nothing to do is said by silence', async () => {
  for (const command of ['kubectl', 'npm', 'apt-get', ...nodeCommands, ...testCommands]) await stub(command);
  assert.equal(runSetup('--debian'), '');
  assert.equal(await calls(), '');
});

test('without --debian no Debian package is looked at', async () => {
  await stub('apt-get');
  assert.equal(runSetup(), '');
  assert.equal(await calls(), '');
});

test('a missing kubectl is installed by root, and said', {
  skip: !isRoot && 'needs to be root',
}, async () => {
  for (const command of ['apt-get', ...nodeCommands, ...testCommands]) await stub(command);
  assert.equal(
    runSetup('--debian'),
    'setup: installing Debian packages: kubernetes-client\nsetup: Debian packages are installed\n',
  );
  assert.equal(
    await calls(),
    'apt-get update -qq\napt-get install -y -qq --no-install-recommends kubernetes-client\n',
  );
});

test('what cannot be installed is said', { skip: isRoot && 'root with apt-get installs it' }, async () => {
  for (const command of ['apt-get', ...nodeCommands, ...testCommands]) await stub(command);
  assert.match(runSetup('--debian'), /^setup: no kubectl, installing them takes root: .* will be skipped\n$/);
});

test('without apt-get it says so', async () => {
  for (const command of [...nodeCommands, ...testCommands]) await stub(command);
  assert.match(runSetup('--debian'), /^setup: no kubectl, there is no apt-get here: .* will be skipped\n$/);
});

test('before `up` nothing is said where nothing can be installed', async () => {
  for (const command of nodeCommands) await stub(command);
  assert.equal(runSetup('--up'), '');
});

test('before `up` root gets what is missing', { skip: !isRoot && 'needs to be root' }, async () => {
  for (const command of ['apt-get', 'kubectl', ...nodeCommands.slice(1)]) await stub(command);
  assert.match(runSetup('--up'), /^setup: installing Debian packages: containerd\n/);
});

test('every missing package of a real node is installed in one go', {
  skip: !isRoot && 'needs to be root',
}, async () => {
  for (const command of ['kubectl', 'apt-get', 'ip', 'host-local', 'nft', 'conntrack', 'curl'])
    await stub(command);
  assert.equal(
    runSetup('--debian').split('\n')[0],
    'setup: installing Debian packages: containerd runc catatonit busybox-static jq openssl',
  );
});
