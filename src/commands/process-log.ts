/** Where a process that runs for long says what it does. */
import { openBoundedLog } from '../lib/bounded-log.ts';
import { UserError } from '../lib/errors.ts';
import { createLogger, type Logger } from '../lib/log.ts';
import { systemClock } from '../lib/system.ts';

/** On standard error, or in a file that is kept small. Throws LOG_FILE when there can be none. */
export function processLogger(file: string | undefined): Logger {
  const write = file === undefined ? (line: string) => process.stderr.write(line) : writerOf(file);
  return createLogger({ clock: systemClock, level: 'info', write });
}

function writerOf(file: string): (line: string) => void {
  try {
    return openBoundedLog(file).write;
  } catch (cause) {
    throw new UserError(
      'LOG_FILE',
      `--log-file ${file} cannot be written: ${(cause as Error).message}; wanted is a file in a folder that is there`,
      { cause },
    );
  }
}
