/** What a container does in the fake runtime, said beforehand. */
import type { ContainerConfig } from '../container-types.ts';
import type { ExecResult } from '../runtime.ts';

export interface FakeProgram {
  /** How long it runs by itself; undefined: until it is stopped. */
  readonly runMilliseconds?: number;
  /** With which it ends by itself. */
  readonly exitCode?: number;
  /** What it does when asked to end; without: it does not listen, and is killed after the grace. */
  readonly onTerminate?: { readonly afterMilliseconds: number; readonly exitCode: number };
  /** Why it cannot be started at all: `exec: "nope": executable file not found in $PATH`. */
  readonly startError?: string;
  /** The kernel killed it for want of memory. */
  readonly oomKilled?: boolean;
  /** Lines it writes when it starts. */
  readonly output?: readonly { readonly stream: 'stdout' | 'stderr'; readonly text: string }[];
  /** What a command in it answers, and after how long. Without: everything succeeds in no time. */
  exec?(command: readonly string[]): FakeExec;
}

export interface FakeExec {
  readonly exitCode: number;
  readonly stdout?: string;
  readonly stderr?: string;
  /** Undefined: at once. Infinity: never. */
  readonly milliseconds?: number;
}

/** Decides by image and command what a container does. */
export type FakePrograms = (config: ContainerConfig) => FakeProgram;

export function execResult(answer: FakeExec): ExecResult {
  return {
    exitCode: answer.exitCode,
    stdout: Buffer.from(answer.stdout ?? ''),
    stderr: Buffer.from(answer.stderr ?? ''),
  };
}
