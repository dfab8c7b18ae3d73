/** Starts the real `bin/wherry server` in a temporary directory and stops it again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parse } from 'yaml';

const root = path.join(import.meta.dirname, '../..');
const startMillisecondsMax = 20_000;
const stopMillisecondsMax = 10_000;

export interface RunningServer {
  /** Temporary; removed by stop(). */
  directory: string;
  kubeconfig: string;
  /** https://127.0.0.1:port */
  url: string;
  /** Ends the process with SIGTERM and answers with its exit code. */
  stop(): Promise<number | null>;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
}

function isReady(kubeconfig: string): Promise<boolean> {
  return new Promise((resolve) => {
    const { clusters } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
    const cluster = clusters[0]?.cluster;
    if (cluster === undefined) return resolve(false);
    const ca = Buffer.from(cluster['certificate-authority-data'], 'base64');
    const request = get(`${cluster.server}/readyz`, { ca, timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

async function stopProcess(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const deadline = setTimeout(() => child.kill('SIGKILL'), stopMillisecondsMax);
  await exited;
  clearTimeout(deadline);
  return child.exitCode;
}

/**
 * The loops whose work every session sees at once and always the same. Those that make pods would change objects while a
 * session looks at them; they have sessions of their own, with nodes (test/scenarios, test/kubectl/cluster).
 */
const quietControllers = 'namespace,serviceaccount,root-ca-certificate-publisher,garbage-collector';

export interface StartOptions {
  store: 'memory' | 'sqlite';
  /** As --controllers; unless given the quiet ones. */
  controllers?: string;
  simulatedNodes?: number;
}

export async function startServer(options: StartOptions): Promise<RunningServer> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'wherry-test-'));
  const dataDirectory = path.join(directory, 'data');
  const kubeconfig = path.join(dataDirectory, 'kubeconfig');
  const { store, controllers = quietControllers, simulatedNodes = 0 } = options;
  const where = ['--port', '0', '--data-dir', dataDirectory, '--store', store];
  const args = [
    'server',
    ...where,
    '--controllers',
    controllers,
    '--simulated-nodes',
    String(simulatedNodes),
  ];
  const child = spawn(path.join(root, 'bin/wherry'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keepOutput = (chunk: Buffer) => {
    output = (output + chunk).slice(-10_000);
  };
  child.stdout.on('data', keepOutput);
  child.stderr.on('data', keepOutput);

  const deadline = performance.now() + startMillisecondsMax;
  while (!(existsSync(kubeconfig) && (await isReady(kubeconfig)))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stopProcess(child);
      await rm(directory, { recursive: true, force: true });
      throw new Error(`bin/wherry ${args.join(' ')} did not become ready; it said:\n${output}`);
    }
    await wait(20);
  }
  const { clusters } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  return {
    directory,
    kubeconfig,
    url: clusters[0]?.cluster.server ?? '',
    stop: async () => {
      const code = await stopProcess(child);
      await rm(directory, { recursive: true, force: true });
      return code;
    },
  };
}
