/** `bin/wherry up`, `status` and `down`, as a person types them: what is there afterwards, and what is left after that. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { buildBusyboxImage } from '../../src/cluster/images/from-debian.ts';
import { exec } from '../../src/lib/exec.ts';
import { noNodeBecause, until } from './test-node.ts';
import { makeUpPlace, type UpPlace, wherryProgram } from './up-cluster.ts';

const skip =
  noNodeBecause() || (spawnSync('kubectl', ['version', '--client']).error ? 'no kubectl on PATH' : false);

interface Status {
  readonly running: boolean;
  readonly nodes: readonly { name: string; ready: string }[];
  readonly processes: readonly { role: string; node?: string; pid?: number; state: string }[];
}

describe('a cluster on this machine', { skip, concurrency: false }, () => {
  let place: UpPlace;
  let untouched: string;
  before(async () => {
    place = await makeUpPlace();
    untouched = await everything(place);
  });
  after(() => place?.close());

  const run = async (...args: string[]) => {
    const [command = '', ...rest] = place.command(args);
    const done = await exec(command, rest);
    return { code: done.code, text: done.stdout + done.stderr };
  };
  const must = async (...args: string[]) => {
    const { code, text } = await run(...args);
    assert.equal(code, 0, text);
    return text;
  };
  const status = async () => JSON.parse((await run('status', '-o', 'json')).text) as Status;
  const pidsOf = (found: Status) => found.processes.flatMap(({ pid }) => pid ?? []);
  const kubectl = async (...given: string[]) => {
    const kubeconfig = path.join(place.dataDirectory, 'kubeconfig');
    const files = ['--kubeconfig', kubeconfig, '--cache-dir', path.join(place.folder, 'kube-cache')];
    const [command = '', ...args] = [...place.shell, 'kubectl', ...files, ...given];
    const done = await exec(command, args);
    assert.equal(done.code, 0, done.stderr);
    return done.stdout;
  };
  const podsRunning = () =>
    until(
      'both pods of hello run',
      async () =>
        (await kubectl('get', 'deployment', 'hello', '-o', 'jsonpath={.status.readyReplicas}')) === '2',
    );

  test('nothing there is no failure, and told by the exit code', async () => {
    assert.equal((await run('down')).code, 0);
    const { code, text } = await run('status');
    assert.equal(code, 3);
    assert.match(text, /^there is no cluster /);
  });

  test('up: nodes are Ready, and a Service answers at its own address', async () => {
    const text = await must('up');
    assert.match(text, /^ {2}nodes +2 of 2 Ready /m);
    assert.match(text, /^ {2}demo +curl http:\/\/172\.30\.0\.200 {2}-> {2}hello-\S+ 10\.244\.\d\.\d+ /m);
    assert.match(text, new RegExp(`^export KUBECONFIG=${place.dataDirectory}/kubeconfig$`, 'm'));
    const found = await status();
    assert.equal(found.running, true);
    assert.deepEqual(
      found.nodes.map(({ name, ready }) => `${name} ${ready}`),
      ['node-1 True', 'node-2 True'],
    );
    assert.deepEqual(
      found.processes.map(({ role, node = '', state }) => `${role} ${node} ${state}`),
      [
        'server  running',
        'agent node-1 running',
        'containerd node-1 running',
        'agent node-2 running',
        'containerd node-2 running',
      ],
    );
  });

  test('an image that was loaded is on every node, for every pull policy', async () => {
    const archive = path.join(place.folder, 'loaded.tar');
    await writeFile(archive, await buildBusyboxImage(['example.invalid/loaded:1']));
    assert.match(await must('image', 'load', archive), /^example\.invalid\/loaded:1\non 2 nodes$/m);
    for (const policy of ['Always', 'Never']) {
      const name = `loaded-${policy.toLowerCase()}`;
      const options = ['--image=example.invalid/loaded:1', `--image-pull-policy=${policy}`];
      await kubectl('run', name, ...options, '--', 'sleep', '1000');
      await kubectl('wait', '--for=condition=Ready', '--timeout=60s', `pod/${name}`);
      await kubectl('delete', 'pod', name, '--force', '--grace-period=0');
    }
    await writeFile(archive, 'no archive');
    const { code, text } = await run('image', 'load', archive);
    assert.equal(code, 1);
    assert.match(text, /cannot load .*loaded\.tar: it is no tar archive; wanted is what/);
  });

  test('up again changes nothing, and starts again what was killed', async () => {
    const first = await status();
    assert.match(await must('up'), /it runs already/);
    assert.deepEqual(pidsOf(await status()), pidsOf(first));
    const agent = first.processes.find(({ role, node }) => role === 'agent' && node === 'node-2');
    process.kill(agent?.pid as number, 'SIGKILL');
    await until('the agent is gone', async () => (await status()).processes[3]?.state === 'stopped');
    await must('up');
    const second = await status();
    assert.equal(second.processes[3]?.state, 'running');
    assert.deepEqual(second.processes.slice(0, 3), first.processes.slice(0, 3));
  });

  test('what cannot be changed is refused', async () => {
    const { code, text } = await run('up', '--pod-cidr', '10.99.0.0/16');
    assert.equal(code, 1);
    assert.match(text, /was made with --pod-cidr 10\.244\.0\.0\/16, which cannot be changed/);
  });

  test('down leaves nothing; up goes on with the same cluster', async () => {
    await must('down');
    assert.equal(await everything(place), untouched);
    assert.equal((await run('status')).code, 3);
    const text = await must('up');
    assert.match(text, /it was here before/);
    await podsRunning();
  });

  test('down cleans up after everything was killed', async () => {
    const pids = pidsOf(await status());
    assert.equal(pids.length, 5);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await must('down');
    assert.equal(await everything(place), untouched);
  });

  test('down cleans up after an up that was killed on its way', async () => {
    for (const step of ['network', 'server']) {
      await killedAfter(place, step);
      await must('down');
      assert.equal(await everything(place), untouched, step);
    }
  });

  test('ranges in use are refused before anything is made', async () => {
    ip(place, 'link', 'add', 'busy0', 'type', 'bridge');
    ip(place, 'address', 'add', '10.99.0.1/24', 'dev', 'busy0');
    ip(place, 'link', 'set', 'busy0', 'up');
    const before = await everything(place);
    const other = ['--name', `${place.name}-b`, '--data-dir', path.join(place.folder, 'other')];
    const [command = '', ...args] = [...place.shell, wherryProgram, 'up', ...other];
    const { code, stderr: text } = await exec(command, [...args, '--pod-cidr', '10.99.0.0/16']);
    assert.equal(code, 1);
    assert.match(text, /--pod-cidr 10\.99\.0\.0\/16: this machine has the address 10\.99\.0\.1 on busy0/);
    assert.equal(await everything(place), before);
    ip(place, 'link', 'delete', 'busy0');
  });
});

/** Starts `up` and kills it when it tells of this step. */
async function killedAfter(place: UpPlace, step: string): Promise<void> {
  const [command = '', ...args] = place.command(['up']);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.trim().startsWith(step)) child.kill('SIGKILL');
  });
  await exited;
}

function ip(place: UpPlace, ...args: string[]): void {
  const [command = '', ...rest] = [...place.shell, 'ip', ...args];
  const done = spawnSync(command, rest, { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
}

/**
 * The whole network of the namespace that is the machine to this cluster, and what on the real machine bears the
 * cluster's name: others use that at the same time.
 */
async function everything(place: UpPlace): Promise<string> {
  const commands = [
    ['ip', '-o', 'link', 'show'],
    ['ip', '-o', 'address', 'show'],
    ['ip', 'route', 'show', 'table', 'all'],
    ['ip', 'rule', 'show'],
    ['nft', 'list', 'ruleset'],
    [
      'grep',
      '-r',
      '.',
      '/proc/sys/net/ipv4/ip_forward',
      '/proc/sys/net/ipv4/conf/all',
      '/proc/sys/net/ipv4/conf/default',
    ],
  ];
  const network = await Promise.all(
    commands.map(async (words) => {
      const [command = '', ...args] = [...place.shell, ...words];
      return `$ ${words.join(' ')}\n${(await exec(command, args)).stdout}`;
    }),
  );
  const mark = `wherry-${place.name}`;
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const named = async (folder: string) =>
    (await readdir(folder).catch(() => []))
      .filter((each) => each.includes(mark))
      .map((each) => `${folder}/${each}`);
  const hierarchies = ['', ...(await readdir('/sys/fs/cgroup'))].map((each) =>
    path.join('/sys/fs/cgroup', each),
  );
  return [
    ...network,
    ...mounts.filter((line) => line.includes(place.folder)),
    ...(await named('/run/netns')),
    ...(await named('/var/lib/cni/results')),
    ...(await Promise.all(hierarchies.map(named))).flat(),
    ...(await processesOf(place, mark)),
  ].join('\n');
}

/** Programs with the cluster's folder in their arguments or environment, and whatever is in its cgroups. */
async function processesOf(place: UpPlace, mark: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((each) => /^\d+$/.test(each) && Number(each) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
      const command = (await read('cmdline')).replaceAll('\0', ' ');
      const isOurs =
        command.includes(place.dataDirectory) ||
        (await read('environ')).includes(place.dataDirectory) ||
        (await read('cgroup')).includes(`/${mark}-`);
      // Without a command line it is dead, and waits for its parent to ask for its exit code.
      return isOurs && command !== '' ? [`process ${pid} ${command}`] : [];
    }),
  );
  return found.flat();
}
