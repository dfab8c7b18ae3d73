/** Running a command with an argument vector: never a shell. An argument, so that tests bring their own. */
import { spawn } from 'node:child_process';

export interface ExecOptions {
  /** Written to the command's standard input. */
  readonly input?: string;
  /** The command is ended when it takes longer. */
  readonly milliseconds?: number;
  /** More output than this ends the command. */
  readonly outputBytesMax?: number;
}

export interface ExecResult {
  /** The exit code; -1 when the command could not be started or was ended. */
  readonly code: number;
  readonly stdout: string;
  /** Or why it could not be started. */
  readonly stderr: string;
}

/** Never rejects. */
export type Exec = (command: string, args: readonly string[], options?: ExecOptions) => Promise<ExecResult>;

const outputBytesDefault = 16 * 1024 * 1024;

export const exec: Exec = (command, args, options = {}) =>
  new Promise((resolve) => {
    const outputBytesMax = options.outputBytesMax ?? outputBytesDefault;
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.milliseconds === undefined ? {} : { timeout: options.milliseconds }),
    });
    const output: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
    let bytes = 0;
    let failure = '';
    const keep = (to: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= outputBytesMax) to.push(chunk);
      else {
        failure = `${command}: more than ${outputBytesMax} bytes of output`;
        child.kill('SIGKILL');
      }
    };
    child.stdout.on('data', keep(output.stdout));
    child.stderr.on('data', keep(output.stderr));
    child.on('error', (error) => {
      failure = error.message;
    });
    // A command that does not read its input to the end closes the pipe; its exit code tells the story.
    child.stdin.on('error', () => {});
    // What it has started may live on and keep the pipes open: that is not waited for.
    child.on('exit', () => {
      if (!child.killed) return;
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.on('close', (code, signal) => {
      const stderr = Buffer.concat(output.stderr).toString();
      const why = failure || (signal === null ? '' : `${command}: ended by ${signal}`);
      resolve({
        code: why === '' ? (code ?? -1) : -1,
        stdout: Buffer.concat(output.stdout).toString(),
        stderr: why === '' ? stderr : `${stderr}${why}`,
      });
    });
    child.stdin.end(options.input ?? '');
  });
