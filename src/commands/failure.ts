/** How a command that failed says so, and its exit code. */
import { CommanderError } from 'commander';
import { WherryError } from '../lib/errors.ts';

/** docs/command-line.md has them; `status` and `why` have more of their own. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** Codes of errors that come from an option's value though the check stands deeper down. */
const optionErrors: ReadonlySet<string> = new Set([
  'USAGE',
  'BAD_SERVICE_CIDR',
  'BAD_NODE_PORT_RANGE',
  'BAD_CLUSTER_CIDR',
  'UNKNOWN_CONTROLLER',
]);

const helpCodes: ReadonlySet<string> = new Set([
  'commander.helpDisplayed',
  'commander.help',
  'commander.version',
]);

/** What helps against what the machine's system calls say most often. */
const advice: Readonly<Record<string, string>> = {
  EACCES: 'run it as a user who may, or give another place, such as with --data-dir',
  EPERM: 'run it as a user who may, or give another place, such as with --data-dir',
  EROFS: 'the disk can only be read: give another place',
  ENOSPC: 'free some space, or give another place, such as with --data-dir',
  EDQUOT: 'free some space, or give another place, such as with --data-dir',
  EMFILE: 'too many files are open: raise the limit with ulimit -n',
  ENFILE: 'too many files are open on this machine',
  ENOTDIR: 'a part of the path is a file: give another place, such as with --data-dir',
};

export interface FailedCommand {
  /** Its words: `token create`. */
  readonly command: string;
  /** Of a mistake of ours the place in the code is told, too: to whoever keeps its log, or has asked for it. */
  readonly tellsWhere: boolean;
}

/** What is written to standard error, and the exit code. commander has told its own errors by itself. */
export function explainFailure(
  failure: unknown,
  { command, tellsWhere }: FailedCommand,
): { text: string; code: number } {
  if (failure instanceof CommanderError)
    return { text: '', code: helpCodes.has(failure.code) ? exitCodes.done : exitCodes.usage };
  if (failure instanceof WherryError) {
    const help = failure.code === 'USAGE' ? `wherry: try ${helpOf(command)}\n` : '';
    return {
      text: `wherry: ${failure.message}\n${help}`,
      code: optionErrors.has(failure.code) ? exitCodes.usage : exitCodes.failed,
    };
  }
  if (isSystemError(failure)) {
    const helps = advice[failure.code ?? ''];
    return {
      text: `wherry: ${failure.message}${helps === undefined ? '' : `; ${helps}`}\n`,
      code: exitCodes.failed,
    };
  }
  const message = failure instanceof Error ? `${failure.name}: ${failure.message}` : String(failure);
  const where = tellsWhere
    ? (failure instanceof Error && failure.stack) || message
    : `${message}\nwherry: this is a mistake of wherry's; WHERRY_DEBUG=1 shows where: please report it`;
  return { text: `wherry: ${where}\n`, code: exitCodes.failed };
}

export const helpOf = (command: string): string => `wherry ${command === '' ? '' : `${command} `}--help`;

function isSystemError(failure: unknown): failure is NodeJS.ErrnoException {
  return failure instanceof Error && 'syscall' in failure && 'code' in failure;
}
