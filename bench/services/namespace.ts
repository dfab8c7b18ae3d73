/** Network namespaces of a benchmark's own, without a route to anywhere. */
import { type ChildProcess, spawn } from 'node:child_process';
import { exec } from '../../src/lib/exec.ts';

export interface HeldNamespace {
  readonly pid: number;
  /** What runs a command in it. */
  readonly prefix: readonly string[];
  /** Throws when the command fails. */
  run(command: string, args: readonly string[], input?: string): Promise<string>;
  release(): void;
}

/** As long as the process lives that holds it. */
export async function holdNamespace(): Promise<HeldNamespace> {
  const child: ChildProcess = spawn('unshare', ['--net', 'sh', '-c', 'echo here; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`no network namespace: unshare ended with ${code}`)));
  });
  const prefix = ['nsenter', `--net=/proc/${child.pid}/ns/net`];
  return {
    pid: child.pid as number,
    prefix,
    async run(command, args, input = '') {
      const [program = '', ...rest] = [...prefix, command, ...args];
      const { code, stdout, stderr } = await exec(program, rest, { input });
      if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
      return stdout;
    },
    release: () => {
      child.kill('SIGKILL');
    },
  };
}
