/** Runs a command of the system to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { WherryError } from '../../lib/errors.ts';
import { nodeLimits } from './limits.ts';

/** Debian keeps ip, runc and iptables in sbin, which a person's PATH may not have. */
export const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Resolves to its standard output. Throws COMMAND_FAILED with what it printed. */
export async function runCommand(command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(command, [...args], {
      env: { PATH: systemPath },
      timeout: nodeLimits.commandMilliseconds,
      maxBuffer: nodeLimits.outputBytesMax,
    });
    return stdout;
  } catch (cause) {
    const { stderr = '', message } = cause as Error & { stderr?: string };
    const why = stderr.trim() === '' ? message : stderr.trim();
    throw new WherryError('COMMAND_FAILED', `\`${command} ${args.join(' ')}\` failed: ${why}`, { cause });
  }
}
