/** `wherry server --loopback` as the user nobody, and curl as the same. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseKubeconfig } from '../../src/client/kubeconfig.ts';
import { tlsTransport } from '../../src/client/tls.ts';
import { Client } from '../../src/client/typed-client.ts';
import { exec } from '../../src/lib/exec.ts';
import { systemClock } from '../../src/lib/system.ts';

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'wherry');
const nobody = 65534;
const asNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];

/** No other cluster's, and no other test's; node ports are on 127.0.0.1 too, where all clusters meet. */
const ranges = {
  services: '127.99.0.0/16',
  pods: '127.242.0.0/16',
  nodes: '127.32.0.0/24',
  nodePorts: '29400-29499',
};

/** Why it cannot be tried here; false when it can. */
export function whyNotNobody(): string | false {
  if (process.getuid?.() !== 0) return 'it takes root to become nobody';
  for (const command of [
    [...asNobody, launcher, 'version'],
    ['curl', '--version'],
  ])
    if (spawnSync(command[0]!, command.slice(1), { stdio: 'ignore' }).status !== 0)
      return `\`${command.join(' ')}\` does not work here`;
  return false;
}

export interface NobodysCluster {
  readonly client: Client;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

export async function startNobodysCluster(): Promise<NobodysCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-nobody-'));
  await chown(directory, nobody, nobody);
  const options = [
    ...['server', '--data-dir', directory, '--port', '0', '--loopback', '--simulated-nodes', '2'],
    ...['--service-cidr', ranges.services, '--cluster-cidr', ranges.pods, '--node-cidr', ranges.nodes],
    ...['--service-node-port-range', ranges.nodePorts],
  ];
  const command = [...asNobody, launcher, ...options];
  const child = spawn(command[0]!, command.slice(1), { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    process.off('exit', kill);
    await rm(directory, { recursive: true });
  };
  let told = '';
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    child.stdout.on('data', (chunk) => {
      told += chunk;
      if (told.includes('KUBECONFIG=')) resolve();
    });
    child.once('error', reject);
    void ended.then(() => reject(new Error(`the server ended: ${said}`)));
  }).catch(async (failure) => {
    await stop();
    throw failure;
  });
  const transport = tlsTransport(parseKubeconfig(await readFile(join(directory, 'kubeconfig'), 'utf8')), {
    clock: systemClock,
  });
  const client = new Client({ transport, clock: systemClock, userAgent: 'test' });
  return {
    client,
    child,
    stop: async () => {
      await transport.close();
      await stop();
    },
  };
}

/** Until it is so; the test runner's own time limit ends it otherwise. */
export async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const value = await look().catch(() => undefined);
    if (value !== undefined) return value;
    await wait(20);
  }
}

/** What the pod that answers says it is; `refused` when nobody listens, or curl's exit code. */
export async function curl(url: string): Promise<string> {
  const args = [...asNobody.slice(1), 'curl', '-sS', '--noproxy', '*', '--max-time', '10', url];
  const { code, stdout } = await exec(asNobody[0]!, args);
  if (code === 7) return 'refused';
  return /^Hostname: (\S+)/.exec(stdout)?.[1] ?? `code ${code}`;
}

/** The status codes of so many requests: on one connection, or on one each. */
export async function curlMany(
  url: string,
  { count, fresh }: { count: number; fresh: boolean },
): Promise<Map<string, number>> {
  const each = fresh ? ['-H', 'Connection: close'] : [];
  const args = [
    '-sS',
    '--noproxy',
    '*',
    '--max-time',
    '20',
    ...each,
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}\n',
  ];
  const { stdout } = await exec(asNobody[0]!, [...asNobody.slice(1), 'curl', ...args, `${url}?[1-${count}]`]);
  const codes = new Map<string, number>();
  for (const code of stdout.trim().split('\n')) codes.set(code, (codes.get(code) ?? 0) + 1);
  return codes;
}
