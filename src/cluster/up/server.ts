/** The cluster's server, as a process that outlives `up`. */
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../../lib/errors.ts';
import { type Api, openApi } from './api.ts';
import { upLimits } from './limits.ts';
import { logEnd } from './logs.ts';
import { isRunning, launch } from './processes.ts';
import { type ClusterSettings, hostAddress } from './settings.ts';
import type { StateFile } from './state.ts';

export const wherryProgram = path.join(import.meta.dirname, '../../../bin/wherry');

const serverLog = (dataDirectory: string): string => path.join(dataDirectory, 'server.log');

export const joinTokenFile = (dataDirectory: string): string => path.join(dataDirectory, 'join-token');

/** Nodes have no way out of the machine: their pulls go by the server. */
export const registryRelaySocket = (dataDirectory: string): string =>
  path.join(dataDirectory, 'registry-relay.sock');

export function serverArguments(settings: ClusterSettings, dataDirectory: string): string[] {
  const common = [
    ...['server', '--data-dir', dataDirectory, '--log-file', serverLog(dataDirectory)],
    ...['--port', String(settings.port)],
  ];
  if (settings.mode === 'loopback')
    return [
      ...common,
      '--loopback',
      ...['--service-cidr', settings.serviceCIDR],
      ...['--cluster-cidr', settings.podCIDR],
      ...['--node-cidr', settings.nodeCIDR],
      ...['--load-balancer-pool', settings.loadBalancerPool],
      ...['--simulated-nodes', String(settings.nodes)],
    ];
  const address = hostAddress(settings);
  return [
    ...common,
    ...['--bind-address', `127.0.0.1,${address}`],
    ...['--advertise-address', address],
    ...['--service-cidr', settings.serviceCIDR],
    ...['--cluster-cidr', settings.podCIDR],
    ...['--load-balancer-pool', settings.loadBalancerPool],
    ...['--registry-relay', registryRelaySocket(dataDirectory)],
    ...(settings.localRegistries ? ['--registry-relay-local'] : []),
  ];
}

/** Resolves when it answers. Says whether it ran already. Throws SERVER_FAILED with the end of its log. */
export async function startServer(
  state: StateFile,
  dataDirectory: string,
): Promise<{ api: Api; ranAlready: boolean }> {
  const before = state.current.processes.server;
  const ranAlready = await isRunning(before);
  if (!ranAlready) {
    const identity = await launch({
      command: wherryProgram,
      args: serverArguments(state.current.settings, dataDirectory),
      log: serverLog(dataDirectory),
      dataDirectory,
    });
    await state.setProcess('server', identity);
  }
  return { api: await untilReady(state, dataDirectory), ranAlready };
}

async function untilReady(state: StateFile, dataDirectory: string): Promise<Api> {
  const deadline = performance.now() + upLimits.serverMilliseconds;
  for (;;) {
    // The kubeconfig of an earlier start may name another port, until this one has written its own.
    const api = await openApi(dataDirectory);
    if (api !== undefined) {
      if (api.url.endsWith(`:${state.current.settings.port}`) && (await api.isReady())) return api;
      await api.close();
    }
    const log = serverLog(dataDirectory);
    if (!(await isRunning(state.current.processes.server)))
      throw new UserError('SERVER_FAILED', `the server ended while it started; ${await logEnd(log)}`);
    if (performance.now() > deadline)
      throw new UserError(
        'SERVER_FAILED',
        `the server does not answer after ${upLimits.serverMilliseconds / 1000} s; ${await logEnd(log)}`,
      );
    await wait(upLimits.pollMilliseconds);
  }
}
