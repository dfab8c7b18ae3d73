/** `wherry status`: what of a cluster runs, where, and how to reach it. */
import path from 'node:path';
import { shellWord } from '../../lib/shell-word.ts';
import { containerdPaths } from '../node/containerd-config.ts';
import { kubeconfigFile, openApi } from './api.ts';
import { commandFor } from './hint.ts';
import { isNodeReady } from './nodes.ts';
import { isRunning, processesWithArgument } from './processes.ts';
import { joinTokenFile } from './server.ts';
import { type ClusterSettings, hostAddress, nodePlaces } from './settings.ts';
import { type ClusterState, readState } from './state.ts';

export interface ProcessStatus {
  /** `server`, `agent`, `containerd` */
  readonly role: string;
  readonly node?: string;
  readonly pid?: number;
  readonly state: 'running' | 'stopped';
}

export interface NodeStatus {
  readonly name: string;
  readonly address: string;
  readonly namespace?: string;
  readonly podCIDR?: string;
  /** `unknown` while the server does not answer or does not know it. */
  readonly ready: 'True' | 'False' | 'unknown';
}

export interface ClusterStatus extends Omit<ClusterSettings, 'nodes'> {
  readonly running: boolean;
  readonly dataDirectory: string;
  readonly kubeconfig: string;
  readonly servers: readonly string[];
  readonly processes: readonly ProcessStatus[];
  readonly nodes: readonly NodeStatus[];
  /** For another machine that reaches the server's address. */
  readonly join: string;
}

/** Undefined when there never was a cluster in this folder. */
export async function clusterStatus(dataDirectory: string): Promise<ClusterStatus | undefined> {
  const state = await readState(dataDirectory);
  if (state === undefined) return undefined;
  const { settings } = state;
  const { nodes: _count, ...rest } = settings;
  const [processes, nodes] = await Promise.all([
    processStatuses(state, dataDirectory),
    nodeStatuses(settings, dataDirectory),
  ]);
  const [server] = processes;
  const address = settings.mode === 'containers' ? hostAddress(settings) : '127.0.0.1';
  return {
    running: server?.state === 'running',
    ...rest,
    dataDirectory,
    kubeconfig: kubeconfigFile(dataDirectory),
    servers: [...new Set(['127.0.0.1', address])].map((each) => `https://${each}:${settings.port}`),
    processes,
    nodes,
    join: `bin/wherry agent --server https://${address}:${settings.port} --token-file ${shellWord(joinTokenFile(dataDirectory))}`,
  };
}

async function processStatuses(state: ClusterState, dataDirectory: string): Promise<ProcessStatus[]> {
  const { settings, processes } = state;
  const places = settings.mode === 'containers' ? nodePlaces(settings, dataDirectory) : [];
  const own = async (role: string, key: string, node?: string): Promise<ProcessStatus> => {
    const identity = processes[key];
    const runs = await isRunning(identity);
    return statusOf(role, node, runs ? identity?.pid : undefined);
  };
  const daemon = async (node: string, directory: string): Promise<ProcessStatus> => {
    const { config } = containerdPaths(path.join(directory, 'containerd'));
    const [found] = await processesWithArgument(config);
    return statusOf('containerd', node, found?.pid);
  };
  return Promise.all([
    own('server', 'server'),
    ...places.flatMap(({ name, directory }) => [own('agent', name, name), daemon(name, directory)]),
  ]);
}

const statusOf = (role: string, node: string | undefined, pid: number | undefined): ProcessStatus => ({
  role,
  ...(node === undefined ? {} : { node }),
  ...(pid === undefined ? { state: 'stopped' } : { pid, state: 'running' }),
});

async function nodeStatuses(settings: ClusterSettings, dataDirectory: string): Promise<NodeStatus[]> {
  const api = await openApi(dataDirectory);
  const known = api === undefined || !(await api.isReady()) ? [] : (await api.client.of('Node').list()).items;
  await api?.close();
  const places = settings.mode === 'containers' ? nodePlaces(settings, dataDirectory) : [];
  const names = [
    ...new Set([...places, ...known.map(({ metadata }) => metadata)].map((each) => each?.name ?? '')),
  ];
  return names.map((name) => {
    const place = places.find((each) => each.name === name);
    const node = known.find(({ metadata }) => metadata?.name === name);
    const internal = node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    return {
      name,
      address: internal ?? place?.address ?? '',
      ...(place === undefined ? {} : { namespace: place.namespace }),
      ...(node?.spec?.podCIDR === undefined ? {} : { podCIDR: node.spec.podCIDR }),
      ready: node === undefined ? 'unknown' : isNodeReady(node) ? 'True' : 'False',
    };
  });
}

/** For a person. */
export function statusText(status: ClusterStatus): string {
  const { name, mode, dataDirectory } = status;
  const head = `cluster ${name} (${mode}) ${status.running ? 'is running' : 'is stopped'}, its data in ${dataDirectory}`;
  const rows = [
    ...status.processes
      .filter(({ role }) => role === 'server')
      .map((each) => ['server', processText(each), status.servers.join(', ')]),
    ...status.nodes.map((node) => [
      node.name,
      status.processes
        .filter((each) => each.node === node.name)
        .map((each) => `${each.role} ${processText(each)}`)
        .join(', '),
      [readyText(node), node.address, node.podCIDR === undefined ? '' : `pods ${node.podCIDR}`]
        .filter((word) => word !== '')
        .join(', '),
    ]),
    ['Services', '', `${status.serviceCIDR}, load balancers ${status.loadBalancerPool}`],
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  const join =
    mode === 'containers'
      ? [`another node, which reaches ${status.servers.at(-1)}:`, `  ${status.join}`]
      : [];
  const rest = status.running
    ? [
        ...(status.processes.some(({ state }) => state === 'stopped')
          ? [`start what is stopped: ${commandFor('up', { name, dataDirectory })}`]
          : []),
        `export KUBECONFIG=${shellWord(status.kubeconfig)}`,
        ...join,
      ]
    : [`start it again: ${commandFor('up', { name, dataDirectory })}`];
  return `${[head, ...lines, ...rest].join('\n')}\n`;
}

const processText = ({ pid, state }: ProcessStatus): string => (pid === undefined ? state : `pid ${pid}`);

const readyText = ({ ready }: NodeStatus): string =>
  ready === 'True' ? 'Ready' : ready === 'False' ? 'NotReady' : '';
