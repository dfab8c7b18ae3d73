/** A kubeconfig that somebody named, with errors that say which and what to do. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseKubeconfig, type TlsTarget } from '../client/kubeconfig.ts';
import { TransportError } from '../client/transport.ts';
import { UserError } from '../lib/errors.ts';

export interface Kubeconfig {
  readonly text: string;
  readonly target: TlsTarget;
}

interface ReadOptions {
  /** What to do when it cannot be used. */
  readonly advice: string;
  /** Unless it is the current one. */
  readonly context?: string | undefined;
}

/** Throws NO_KUBECONFIG and BAD_KUBECONFIG. */
export function readKubeconfig(file: string, { advice, context }: ReadOptions): Kubeconfig {
  const text = contentOf(file, (why, cause) => {
    throw new UserError('NO_KUBECONFIG', `the kubeconfig ${file} cannot be read (${why}); ${advice}`, {
      cause,
    });
  });
  const certificate = (path: string): string =>
    contentOf(resolve(dirname(file), path), (why, cause) => {
      throw bad(`it refers to ${path}, which cannot be read (${why})`, cause);
    });
  const bad = (why: string, cause: unknown): UserError =>
    new UserError('BAD_KUBECONFIG', `the kubeconfig ${file} cannot be used: ${why}; ${advice}`, { cause });
  try {
    return { text, target: parseKubeconfig(text, { context, readFile: certificate }) };
  } catch (failure) {
    if (!(failure instanceof UserError) || failure.message.includes(file)) throw failure;
    throw bad(failure.message.replace(/^the kubeconfig cannot be used: /, ''), failure);
  }
}

function contentOf(file: string, refuse: (why: string, cause: unknown) => never): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    return refuse((cause as NodeJS.ErrnoException).code ?? String(cause), cause);
  }
}

/** When it is the server that does not answer: says which, why, and what to do. Anything else as it is. */
export function explainSilence(failure: unknown, { server }: TlsTarget, advice: string): unknown {
  if (!(failure instanceof TransportError)) return failure;
  let cause: unknown = failure;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new UserError('NO_ANSWER', `the server ${server} does not answer (${why}); ${advice}`, {
    cause: failure,
  });
}
