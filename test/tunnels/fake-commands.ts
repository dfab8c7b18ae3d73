/** Commands of a fake kubelet's containers. */
import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { type ServedStream, serveSpdy } from './spdy-server.ts';

interface Running {
  readonly stdin: ServedStream | undefined;
  readonly stdout: ServedStream | undefined;
  readonly stderr: ServedStream | undefined;
  readonly resize: ServedStream | undefined;
  readonly connection: Duplex;
  /** Where commands run that work on files. */
  readonly folder: string;
  exit(code: number): void;
}

const commands: Readonly<Record<string, (running: Running, words: string[]) => void>> = {
  cat({ stdin, stdout, exit }) {
    if (stdin === undefined) {
      exit(0);
      return;
    }
    stdin.onData = (bytes) => stdout?.write(bytes);
    stdin.onEnd = () => exit(0);
  },
  say({ stdout, stderr, exit }, [out = '', error = '']) {
    stdout?.write(`${out}\n`);
    stderr?.write(`${error}\n`);
    exit(0);
  },
  fail({ stdout, exit }, [code = '1']) {
    stdout?.write('failing\n');
    exit(Number(code));
  },
  size({ stdout, resize, exit }) {
    if (resize === undefined) return;
    resize.onData = (bytes) => {
      const { Width, Height } = JSON.parse(Buffer.from(bytes).toString()) as {
        Width: number;
        Height: number;
      };
      stdout?.write(`${Width}x${Height}\n`);
      exit(0);
    };
  },
  /** As many bytes as asked for, as fast as they are taken. */
  flood({ stdout, connection, exit }, [bytes = '0']) {
    let left = Number(bytes);
    const write = () => {
      while (left > 0) {
        const piece = Math.min(left, 64 * 1024);
        left -= piece;
        if (stdout?.write(Buffer.alloc(piece, 'x')) === false && left > 0) {
          connection.once('drain', write);
          return;
        }
      }
      exit(0);
    };
    write();
  },
  die({ stdout, connection }) {
    stdout?.write('dying\n');
    connection.end(() => connection.destroy());
  },
  hang() {},
  /** The machine's own. */
  tar({ stdin, stdout, stderr, folder, exit }, words) {
    const child = spawn('tar', words, { cwd: folder });
    child.stdin.on('error', () => {});
    child.stdout.on('data', (bytes: Buffer) => stdout?.write(bytes));
    child.stderr.on('data', (bytes: Buffer) => stderr?.write(bytes));
    child.on('close', (code) => exit(code ?? 1));
    if (stdin === undefined) return;
    stdin.onData = (bytes) => child.stdin.write(bytes);
    stdin.onEnd = () => child.stdin.end();
  },
};

/** Runs what the URL says when all of its streams are there. Attached to, a container is a `cat`. */
export function runCommand(url: URL, connection: Duplex, folder: string): void {
  const { searchParams: query } = url;
  const [name = 'cat', ...words] = query.getAll('command');
  const tty = query.has('tty');
  const wanted = ['error'];
  if (query.has('input')) wanted.push('stdin');
  if (query.has('output')) wanted.push('stdout');
  if (query.has('error') && !tty) wanted.push('stderr');
  if (tty) wanted.push('resize');
  const streams = new Map<string, ServedStream>();
  serveSpdy(connection, (stream) => {
    streams.set(stream.headers.get('streamtype') ?? '', stream);
    if (streams.size !== wanted.length) return;
    const running: Running = {
      stdin: streams.get('stdin'),
      stdout: streams.get('stdout'),
      stderr: streams.get('stderr'),
      resize: streams.get('resize'),
      connection,
      folder,
      exit(code) {
        streams.get('error')?.write(JSON.stringify(exitStatus(code)));
        for (const each of streams.values()) each.end();
      },
    };
    commands[name]?.(running, words);
  });
}

function exitStatus(code: number): object {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}
