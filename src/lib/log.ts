import type { Clock } from './clock.ts';

/** What a message is about. An Error is written with its stack: logs are for whoever runs the server. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogLevel = keyof Logger;

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** A field longer than this is cut, so that a hostile URL cannot flood the log. */
const fieldCharactersMax = 4096;

/**
 * One line for each message: time, level, message, then `name=value` with the value as JSON, so that no input can
 * forge a line of its own.
 */
export function createLogger(options: {
  clock: Clock;
  /** The least level that is written. */
  level: LogLevel;
  write: (line: string) => void;
}): Logger {
  const least = levels.indexOf(options.level);
  const at = (level: LogLevel) => {
    if (levels.indexOf(level) < least) return () => {};
    return (message: string, fields: LogFields = {}) => {
      const time = new Date(options.clock.now()).toISOString();
      const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${fieldText(value)}`);
      options.write(`${time} ${level.padEnd(5)} ${message}${rest.join('')}\n`);
    };
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function fieldText(value: unknown): string {
  const plain = value instanceof Error ? (value.stack ?? String(value)) : value;
  let text: string;
  try {
    text = JSON.stringify(plain) ?? String(plain);
  } catch {
    text = '"(not printable)"';
  }
  return text.length <= fieldCharactersMax ? text : `${text.slice(0, fieldCharactersMax)}..."`;
}

/** Keeps nothing. */
export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
