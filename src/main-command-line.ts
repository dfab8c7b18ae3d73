/** Commands and their options. */
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { UserError } from './lib/errors.ts';
import { checkAgentOptions, type RawAgentOptions, withAgentOptions } from './main-agent-options.ts';
import { addImageCommands } from './main-image.ts';
import { checkServerOptions, type RawServerOptions } from './main-options.ts';
import { addTokenCommands } from './main-token.ts';
import { addClusterCommands } from './main-up.ts';
import { addWhy } from './main-why-command.ts';

export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** Codes of errors that come from an option's value though the check stands deeper down. */
const optionErrors: ReadonlySet<string> = new Set([
  'USAGE',
  'BAD_SERVICE_CIDR',
  'BAD_NODE_PORT_RANGE',
  'BAD_CLUSTER_CIDR',
]);

const seriousCommanderCodes = (code: string): boolean =>
  code !== 'commander.helpDisplayed' && code !== 'commander.help' && code !== 'commander.version';

/** Runs a command; resolves with the exit code when it is over. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let code: number = exitCodes.done;
  const program = makeProgram((result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (failure) {
    return explain(failure, args[0]);
  }
}

/** A person's mistake is told in a line; anything else with its stack, because it is ours. */
function explain(failure: unknown, command: string | undefined): number {
  // commander has printed its message itself.
  if (failure instanceof CommanderError)
    return seriousCommanderCodes(failure.code) ? exitCodes.usage : exitCodes.done;
  if (failure instanceof UserError) {
    process.stderr.write(`wherry: ${failure.message}\n`);
    if (failure.code === 'USAGE') process.stderr.write(`wherry: try wherry ${command} --help\n`);
    return optionErrors.has(failure.code) ? exitCodes.usage : exitCodes.failed;
  }
  process.stderr.write(
    `wherry: ${failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)}\n`,
  );
  return exitCodes.failed;
}

function makeProgram(finish: (code: number) => void): Command {
  const program = new Command('wherry')
    .description("Kubernetes' API and control plane, small and whole")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'wherry: ')) })
    .showHelpAfterError('wherry: try wherry --help')
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 the command line is wrong.');
  addClusterCommands(program, finish);
  addImageCommands(program, finish);
  addServer(program, finish);
  addAgent(program, finish);
  addTokenCommands(program, defaultDataDirectory());
  addWhy(program, finish);
  program
    .command('version')
    .description('print the version')
    .action(async () => {
      const { printVersion } = await import('./main-version.ts');
      await printVersion();
    });
  return program;
}

function addServer(program: Command, finish: (code: number) => void): void {
  program
    .command('server')
    .description('run the API server until SIGTERM or SIGINT')
    .option(
      '--data-dir <directory>',
      'where data, certificates and kubeconfig are kept',
      defaultDataDirectory(),
    )
    .option('--port <number>', 'port to listen on; 0 takes a free one', '6443')
    .option('--bind-address <addresses>', 'IP addresses to listen on', '127.0.0.1')
    .option('--advertise-address <address>', 'IP address at which nodes and pods reach the server')
    .option('--store <store>', 'sqlite (kept in the data directory) or memory (gone at the end)', 'sqlite')
    .option(
      '--log-file <file>',
      'messages go there instead of standard error; at 10 MiB it goes on as FILE.1 and begins anew',
    )
    .option('--service-cidr <ranges>', 'range of ClusterIPs, or IPv4,IPv6', '10.96.0.0/16')
    .option('--cluster-cidr <ranges>', "range of pods' addresses, or IPv4,IPv6", '10.244.0.0/16')
    .option('--node-cidr-mask-size <sizes>', "prefix length of a node's share: 24, of IPv6 64 unless given")
    .option('--node-monitor-grace-period <time>', 'how long a node may be silent: 50s unless given')
    .option('--service-node-port-range <range>', 'range of node ports', '30000-32767')
    .option('--tls-san <name>', "one more name or address for the server's certificate", gather, [])
    .option(
      '--controllers <list>',
      'which control loops run: * for all, *,-name for all but one, names, or none',
      '*',
    )
    .option('--disable-admission-plugins <names>', 'admission plugins that are switched off', '')
    .option('--simulated-nodes <count>', 'nodes without machines, whose pods only seem to run', '0')
    .option('--simulated-node-events <switch>', 'on: they tell in Events what happens, or off', 'on')
    .option(
      '--load-balancer-pool <ranges>',
      'addresses for Services of type LoadBalancer, as a pool that is made when there is none',
    )
    .option(
      '--registry-relay <socket>',
      'an HTTP proxy there, by which agents on this machine reach registries',
    )
    .option('--registry-relay-local', 'it leads to loopback and link-local addresses, too')
    .option('--node-cidr <range>', 'with --loopback: addresses of DNS, nodes and load balancers')
    .option(
      '--loopback',
      'a cluster in 127.0.0.0/8 without privileges: simulated pods listen, Services route',
    )
    .action(async (raw: RawServerOptions) => {
      const options = checkServerOptions(raw);
      const { runServer } = await import('./main-server.ts');
      finish(await runServer(options));
    });
}

function addAgent(program: Command, finish: (code: number) => void): void {
  const command = program
    .command('agent')
    .description('make this machine a node of a cluster, until SIGTERM or SIGINT');
  withAgentOptions(command, hostname()).action(async (raw: RawAgentOptions) => {
    const options = checkAgentOptions(raw);
    const { runAgentCommand } = await import('./main-agent.ts');
    finish(await runAgentCommand(options));
  });
}

function gather(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

function defaultDataDirectory(): string {
  return join(homedir(), '.wherry', 'default');
}
