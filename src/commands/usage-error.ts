import { UserError } from '../lib/errors.ts';

/** The command line is wrong: exit code 2. */
export class UsageError extends UserError {
  constructor(message: string) {
    super('USAGE', message);
  }
}
