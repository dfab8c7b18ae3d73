import { WherryError } from '../lib/errors.ts';

/** A selector that cannot be read. The API answers 400 with the message as it stands. */
export class SelectorError extends WherryError {
  constructor(message: string) {
    super('BAD_SELECTOR', message);
  }
}
