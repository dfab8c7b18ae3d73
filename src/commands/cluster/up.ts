/** The commands of a cluster on this machine: `up`, `down`, `status`. */
import type { Command } from 'commander';
import { type ClusterPlace, commandFor, usualDataDirectory } from '../../cluster/up/hint.ts';
import type { Output, Progress } from '../../cluster/up/progress.ts';
import type { ClusterMode, GivenSettings } from '../../cluster/up/settings.ts';
import { dataDirectoryOf } from '../data-directory.ts';
import { UsageError } from '../usage-error.ts';

export interface RawPlace {
  readonly name: string;
  readonly dataDir?: string;
}

interface RawUp extends RawPlace {
  readonly mode?: string;
  readonly nodes?: string;
  readonly demo: boolean;
  readonly keepFailed?: boolean;
  readonly allowLocalRegistries?: boolean;
  readonly nodeCidr?: string;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly loadBalancerPool?: string;
  readonly port?: string;
  readonly bridge?: string;
}

/** `wherry status` of what does not run: as `systemctl status` has it. */
const stoppedCode = 3;

export function addClusterCommands(program: Command, finish: (code: number) => void): void {
  addUp(program, finish);
  withPlace(program.command('down'))
    .description('stop a cluster of this machine; its data stay for the next up')
    .option('--delete-data', 'delete its data, too; what else is in the directory stays')
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing of it runs any more, also when nothing did; 1 failed, 2 the command line is wrong.',
    )
    .action(async (raw: RawPlace & { deleteData?: boolean }) => finish(await runDown(raw)));
  withPlace(program.command('status'))
    .description('what of a cluster runs, where, and how to reach it')
    .option('-o, --output <format>', 'text or json', 'text')
    .addHelpText('after', '\nExit codes: 0 it runs, 3 it does not, 1 failed, 2 the command line is wrong.')
    .action(async (raw: RawPlace & { output: string }) => finish(await runStatus(raw)));
}

export const withPlace = (command: Command): Command =>
  command
    .option('--name <name>', 'name of the cluster', 'default')
    .option('--data-dir <directory>', 'where it is kept (default: ~/.wherry/<name>)');

function addUp(program: Command, finish: (code: number) => void): void {
  withPlace(program.command('up'))
    .description('a whole cluster on this machine: a server, nodes, a Service that answers')
    .option(
      '--mode <mode>',
      'containers (takes root) or loopback (simulated pods that answer in 127.0.0.0/8); default: what the machine can do',
    )
    .option('--nodes <count>', 'how many nodes (default: 2)')
    .option('--no-demo', 'without the Deployment and Service hello')
    .option('--port <number>', 'port of the server (default: 6443)')
    .option('--bridge <name>', 'interface that connects the nodes (default: wherry0)')
    .option('--node-cidr <range>', 'addresses of machine and nodes (default: 172.30.0.0/24)')
    .option('--pod-cidr <range>', 'addresses of pods (default: 10.244.0.0/16)')
    .option('--service-cidr <range>', 'addresses of Services (default: 10.96.0.0/16)')
    .option(
      '--load-balancer-pool <range>',
      'addresses for load balancers, out of the node range (default: its .200-.250)',
    )
    .option(
      '--allow-local-registries',
      'nodes may pull from loopback and link-local addresses of this machine, too',
    )
    .option('--keep-failed', 'after a failure leave everything for a look')
    .addHelpText(
      'after',
      '\nA second cluster gets the next ranges by itself. Run again, it starts what is missing.' +
        '\nExit codes: 0 the cluster is ready, 1 failed and nothing of it runs any more, 2 the command line is wrong,\n130 interrupted (Ctrl-C): what was begun is left for the next up or down.',
    )
    .action(async (raw: RawUp) => finish(await runUp(raw)));
}

export async function placeOf(raw: RawPlace): Promise<{ name: string; dataDirectory: string }> {
  const { checkClusterName } = await import('../../cluster/up/settings.ts');
  checkClusterName(raw.name);
  return { name: raw.name, dataDirectory: dataDirectoryOf(raw.dataDir ?? usualDataDirectory(raw.name)) };
}

function givenSettings(raw: RawUp): GivenSettings {
  return {
    name: raw.name,
    mode: modeOf(raw.mode),
    nodes: numberOf('--nodes', raw.nodes),
    port: numberOf('--port', raw.port),
    bridge: raw.bridge,
    nodeCIDR: raw.nodeCidr,
    podCIDR: raw.podCidr,
    serviceCIDR: raw.serviceCidr,
    loadBalancerPool: raw.loadBalancerPool,
    localRegistries: raw.allowLocalRegistries,
  } as GivenSettings;
}

function modeOf(text: string | undefined): ClusterMode | undefined {
  if (text === undefined || text === 'containers' || text === 'loopback') return text;
  throw new UsageError(`--mode is ${JSON.stringify(text)}; wanted is containers or loopback`);
}

function numberOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,5}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw new UsageError(`${option} is ${JSON.stringify(text)}; wanted is a number`);
}

export async function makeProgress(): Promise<Progress> {
  const { Progress: Class } = await import('../../cluster/up/progress.ts');
  const output: Output = {
    write: (text) => process.stdout.write(text),
    isTerminal: process.stdout.isTTY === true,
    // A terminal that does not say how wide it is says 0.
    columns: process.stdout.columns || 80,
  };
  return new Class(output, () => performance.now());
}

async function runUp(raw: RawUp): Promise<number> {
  const { name, dataDirectory } = await placeOf(raw);
  const given = givenSettings(raw);
  const { checkGiven } = await import('../../cluster/up/settings.ts');
  checkGiven(given);
  const [{ up }, { upText }, { whyNoNftables }, { exec }] = await Promise.all([
    import('../../cluster/up/up.ts'),
    import('../../cluster/up/up-text.ts'),
    import('./nftables.ts'),
    import('../../lib/exec.ts'),
  ]);
  const progress = await makeProgress();
  progress.line(`cluster ${name} in ${dataDirectory}`);
  tellWhenInterrupted({ name, dataDirectory });
  const { demo, keepFailed = false } = raw;
  const tryNftables = () => whyNoNftables(exec);
  const result = await up({ given, dataDirectory, tryNftables, demo, keepFailed }, progress);
  process.stdout.write(upText(result));
  return 0;
}

/** What was begun is written down: both commands know what to do with it. */
function tellWhenInterrupted(place: ClusterPlace): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => {
      process.stderr.write(
        `\nwherry: interrupted; go on with: ${commandFor('up', place)}, or take away what is there with: ${commandFor('down', place)}\n`,
      );
      process.exit(code);
    });
}

async function runDown(raw: RawPlace & { deleteData?: boolean }): Promise<number> {
  const { name, dataDirectory } = await placeOf(raw);
  const { down } = await import('../../cluster/up/down.ts');
  const progress = await makeProgress();
  const { wasRunning, name: found } = await down(
    { name, dataDirectory, deleteData: raw.deleteData ?? false },
    progress,
  );
  if (wasRunning === undefined) process.stdout.write(`there is no cluster ${name} in ${dataDirectory}\n`);
  else if (!raw.deleteData)
    process.stdout.write(
      `cluster ${found} ${wasRunning ? 'is stopped' : 'was not running'}; its data stay in ${dataDirectory} (--delete-data deletes them)\n`,
    );
  return 0;
}

async function runStatus(raw: RawPlace & { output: string }): Promise<number> {
  if (raw.output !== 'text' && raw.output !== 'json')
    throw new UsageError(`--output is ${JSON.stringify(raw.output)}; wanted is text or json`);
  const { name, dataDirectory } = await placeOf(raw);
  const { clusterStatus, statusText } = await import('../../cluster/up/status.ts');
  const status = await clusterStatus(dataDirectory);
  if (raw.output === 'json')
    process.stdout.write(`${JSON.stringify(status ?? { name, running: false, dataDirectory }, null, 2)}\n`);
  else if (status === undefined)
    process.stdout.write(
      `there is no cluster ${name} in ${dataDirectory}; make it with: ${commandFor('up', { name, dataDirectory })}\n`,
    );
  else process.stdout.write(statusText(status));
  return status?.running === true ? 0 : stoppedCode;
}
