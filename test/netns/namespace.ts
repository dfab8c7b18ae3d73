/** A network namespace of the test's own, with an agent in it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Answer, Command } from './agent.ts';

/** Why packets cannot be sent here; false when they can. */
export function whyNoNamespaces(): string | false {
  if (process.getuid?.() !== 0) return 'it takes root to make network namespaces';
  const tries: [string, string[]][] = [
    ['nft', ['--version']],
    ['ip', ['-Version']],
    [
      'unshare',
      [
        '--net',
        'nft',
        'add table ip wherry-try; add chain ip wherry-try x { type nat hook output priority 0; }',
      ],
    ],
  ];
  for (const [command, args] of tries)
    if (spawnSync(command, args, { stdio: 'ignore' }).status !== 0)
      return `\`${command} ${args.join(' ')}\` does not work here`;
  return false;
}

export class Namespace {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when its process lives in the new namespace. */
  static make(): Promise<Namespace> {
    return Namespace.#start('unshare', ['--net']);
  }

  /** One that is there already, and stays: `file` is what it is mounted on. */
  static enter(file: string): Promise<Namespace> {
    return Namespace.#start('nsenter', [`--net=${file}`]);
  }

  static async #start(command: string, args: readonly string[]): Promise<Namespace> {
    const agent = path.join(import.meta.dirname, 'agent.ts');
    const child = spawn(command, [...args, process.execPath, agent], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const namespace = new Namespace(child);
    await new Promise<void>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`the agent ended with ${code}`)));
      const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
      lines.once('line', () => {
        lines.on('line', (line) => namespace.#answered(line));
        resolve();
      });
    });
    return namespace;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** What runs a command in it. */
  get prefix(): string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`];
  }

  send(command: Command): Promise<Answer> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin?.write(`${JSON.stringify({ id, command })}\n`);
    });
  }

  /** As `send`, for what must work. */
  async do(command: Command): Promise<void> {
    const answer = await this.send(command);
    if (answer.type !== 'done') throw new Error(`${command.type}: ${JSON.stringify(answer)}`);
  }

  close(): void {
    this.#child.removeAllListeners('exit');
    this.#child.kill('SIGKILL');
  }

  #answered(line: string): void {
    const { id, answer } = JSON.parse(line) as { id: number; answer: Answer };
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}
