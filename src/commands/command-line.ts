/** The commands, and what becomes of their failures. */
import { Command } from 'commander';
import { UserError } from '../lib/errors.ts';
import { addAgent } from './agent/command.ts';
import { addImageCommands } from './cluster/image.ts';
import { addClusterCommands } from './cluster/up.ts';
import { exitCodes, explainFailure, helpOf } from './failure.ts';
import { addServer } from './server/command.ts';
import { addTokenCommands } from './token.ts';
import { UsageError } from './usage-error.ts';
import { addWhy } from './why/command.ts';

/** They run for long and keep a log: what goes wrong in them is told there as exactly as can be. */
const daemons: ReadonlySet<string> = new Set(['server', 'agent']);

const usualCodes = '\nExit codes: 0 done, 1 failed, 2 the command line is wrong.';
const hasOwnCodes: ReadonlySet<string> = new Set(['up', 'down', 'status', 'why', ...daemons]);

/** Runs a command; resolves with the exit code when it is over. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let code: number = exitCodes.done;
  let command = '';
  const program = makeProgram((result) => {
    code = result;
  });
  program.hook('preAction', (_, action) => {
    command = wordsOf(action);
  });
  const isVersion = args[0] === '--version' || args[0] === '-V';
  const outputFailure = watchOutput();
  try {
    await program.parseAsync(isVersion ? ['version', ...args.slice(1)] : [...args], { from: 'user' });
    // A disk that is full says so a turn after the last word.
    await new Promise((resolve) => setImmediate(resolve));
    const lost = outputFailure();
    if (lost !== undefined) throw lost;
    return code;
  } catch (failure) {
    const tellsWhere = daemons.has(command) || Boolean(process.env.WHERRY_DEBUG);
    const told = explainFailure(failure, { command, tellsWhere });
    process.stderr.write(told.text);
    return told.code;
  }
}

/**
 * Whoever reads our words may go, as `| head -1` does: the work goes on without, and ends as it would have. Says whether
 * standard output could not be written for another reason.
 */
function watchOutput(): () => Error | undefined {
  let failure: Error | undefined;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE')
      failure ??= new UserError('NO_OUTPUT', `standard output cannot be written: ${error.message}`);
  });
  // There is nowhere left to say it.
  process.stderr.on('error', () => {});
  return () => failure;
}

export function makeProgram(finish: (code: number) => void): Command {
  const program = new Command('wherry')
    .description("Kubernetes' API, control plane, nodes and Services, small and whole")
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'wherry: ')) })
    // Where an option's name is long, its description is broken into lines all the same.
    .configureHelp({ minWidthToWrap: 24 })
    .helpCommand(false)
    .option('-V, --version', 'print the version, as the command version does')
    .addHelpText(
      'after',
      '\nEach command has a --help of its own.\nExit codes: 0 done, 1 failed, 2 the command line is wrong. `why` and `status` have a 3, too.',
    );
  addClusterCommands(program, finish);
  addImageCommands(program, finish);
  addServer(program, finish);
  addAgent(program, finish);
  addTokenCommands(program);
  addWhy(program, finish);
  program
    .command('version')
    .description('print the version')
    .action(async () => {
      const { printVersion } = await import('./version.ts');
      await printVersion();
    });
  addHelp(program);
  for (const each of withDescendants(program)) {
    if (each !== program && !hasOwnCodes.has(each.name())) each.addHelpText('after', usualCodes);
    each.showHelpAfterError(`wherry: try ${helpOf(wordsOf(each))}`);
  }
  return program;
}

/** commander's own knows no commands of commands, and takes a name that is none for a wish to see them all. */
function addHelp(program: Command): void {
  program
    .command('help')
    .description('as --help of a command')
    .argument('[command...]', 'token create')
    .action((words: string[]) => {
      let found = program;
      for (const word of words) {
        const next = found.commands.find((each) => each.name() === word);
        if (next === undefined)
          throw new UsageError(`there is no command ${JSON.stringify(words.join(' '))}`);
        found = next;
      }
      found.help();
    });
}

const withDescendants = (command: Command): Command[] => [
  command,
  ...command.commands.flatMap(withDescendants),
];

/** Without the program's own name: `token create`. */
function wordsOf(command: Command): string {
  const words: string[] = [];
  for (let each: Command | null = command; each?.parent; each = each.parent) words.unshift(each.name());
  return words.join(' ');
}
