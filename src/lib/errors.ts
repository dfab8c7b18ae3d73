/**
 * The base of every error that Wherry throws on purpose. `code` is stable and machine-readable; the message
 * says what was tried, what was found and what is wanted.
 */
export class WherryError extends Error {
  /** Stable identifier, SCREAMING_SNAKE. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The person's input or environment is at fault: the command line prints the message without a stack. */
export class UserError extends WherryError {}
