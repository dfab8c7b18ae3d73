/** The command `wherry agent`. */
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { checkAgentOptions, type RawAgentOptions, withAgentOptions } from './options.ts';

export function addAgent(program: Command, finish: (code: number) => void): void {
  const command = program
    .command('agent')
    .description('make this machine a node of a cluster, until SIGTERM or SIGINT');
  withAgentOptions(command, hostname())
    .addHelpText('after', '\nExit codes: 0 ended by a signal, 1 failed, 2 the command line is wrong.')
    .action(async (raw: RawAgentOptions) => {
      const options = checkAgentOptions(raw);
      const { runAgentCommand } = await import('./agent.ts');
      finish(await runAgentCommand(options));
    });
}
