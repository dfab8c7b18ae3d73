/**
 * Makes a fresh clone ready: node packages, and the Debian packages that the command about to run needs.
 * Plain JavaScript without dependencies, since it runs under whatever Node the machine has (20 or later),
 * before the project's own Node is installed. Quick when there is nothing to do.
 *
 *   node tools/setup.mjs [--debian | --up]     --debian: what the tests need, --up: what a cluster needs
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');

const realNode = 'the tests on a real node';
const lessons = 'the tests that play the lessons';

/** The Debian packages that nodes and tests use, and the command whose presence makes each unnecessary. */
const debianPackages = [
  { name: 'kubernetes-client', command: 'kubectl', use: 'the tests that drive real kubectl' },
  { name: 'containerd', command: 'containerd', use: realNode },
  { name: 'runc', command: 'runc', use: realNode },
  { name: 'containernetworking-plugins', command: 'host-local', use: realNode },
  { name: 'catatonit', command: 'catatonit', use: realNode },
  { name: 'busybox-static', command: 'busybox', use: realNode },
  { name: 'iproute2', command: 'ip', use: realNode },
  { name: 'nftables', command: 'nft', use: 'the tests that send packets' },
  { name: 'conntrack', command: 'conntrack', use: 'the tests that send packets' },
  { name: 'curl', command: 'curl', use: lessons, forTests: true },
  { name: 'jq', command: 'jq', use: lessons, forTests: true },
  { name: 'openssl', command: 'openssl', use: lessons, forTests: true },
];

/** Where Debian puts the network plugins: on nobody's PATH. */
const networkPluginFolder = '/usr/lib/cni';

/** @param {string} file */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(path.join(root, file), 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * npm records what it installed in node_modules/.package-lock.json, last of all: when that holds every package
 * of our lock in its version, nothing is missing. Packages for other platforms are never installed.
 */
function nodePackagesAreCurrent() {
  const wanted = readJson('package-lock.json');
  const installed = readJson('node_modules/.package-lock.json');
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted.packages).every(([key, entry]) => {
    if (key === '') return true;
    const found = installed.packages[key];
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
}

/** @param {string} command */
function isOnPath(command) {
  return [...(process.env.PATH ?? '').split(path.delimiter), networkPluginFolder].some((folder) => {
    try {
      accessSync(path.join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Runs a command with its output shown only when it fails.
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string>} [extraEnv]
 */
function run(command, args, extraEnv) {
  const done = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...extraEnv },
  });
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`);
  throw new Error(
    `\`${command} ${args.join(' ')}\` failed: ${done.error?.message ?? `exit code ${done.status}`}`,
  );
}

/** What the project's Node is linked to, and which Debian package brings it: a minimal Debian has the second alone. */
const packagesOfLibraries = new Map([
  ['libatomic.so.1', 'libatomic1'],
  ['libstdc++.so.6', 'libstdc++6'],
]);

/** Installs what the project's Node needs of the system, where that may be done. Returns its version. */
function requireProjectNode() {
  const start = () =>
    spawnSync(path.join(root, 'node_modules/.bin/node'), ['--version'], { encoding: 'utf8' });
  for (const _ of packagesOfLibraries) {
    const { stderr } = start();
    const library = /(\S+): cannot open shared object file/.exec(stderr ?? '')?.[1];
    if (library === undefined) break;
    const name = packagesOfLibraries.get(library);
    if (name === undefined || !mayInstall()) {
      const remedy = name === undefined ? 'install it' : `install it (Debian: apt-get install ${name})`;
      throw new Error(`Node 26 of the project needs ${library}, which this machine has not: ${remedy}`);
    }
    installFromDebian([name]);
  }
  const node = start();
  if (node.status === 0) return node.stdout.trim();
  process.stderr.write(node.stderr ?? '');
  throw new Error(
    'node_modules/.bin/node does not run: was the install script of the package `node` refused?',
  );
}

function installNodePackages() {
  const areCurrent = nodePackagesAreCurrent();
  if (!areCurrent) {
    console.log('setup: installing node packages (npm ci); Node 26 for the project is one of them');
    run('npm', ['ci', '--no-audit', '--no-fund']);
  }
  const version = requireProjectNode();
  if (!areCurrent) console.log(`setup: node packages are installed; the project runs on Node ${version}`);
}

const mayInstall = () => process.getuid?.() === 0 && isOnPath('apt-get');

/** @param {string[]} names */
function installFromDebian(names) {
  console.log(`setup: installing Debian packages: ${names.join(' ')}`);
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  run('apt-get', ['update', '-qq'], quiet);
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], quiet);
  console.log('setup: Debian packages are installed');
}

function installDebianPackages() {
  const isWanted = ({ forTests = false }) => !forTests || process.argv.includes('--debian');
  const missing = debianPackages.filter((each) => isWanted(each) && !isOnPath(each.command));
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name);
  if (!mayInstall()) {
    // `wherry up` says it itself, and what it does instead.
    if (process.argv.includes('--up')) return;
    const why = isOnPath('apt-get') ? 'installing them takes root' : 'there is no apt-get here';
    for (const { command, use } of missing)
      console.log(`setup: no ${command}, ${why}: ${use} will be skipped`);
    return;
  }
  installFromDebian(names);
}

try {
  installNodePackages();
  if (process.argv.includes('--debian') || process.argv.includes('--up')) installDebianPackages();
} catch (error) {
  console.error(`setup: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
