/** Real kubectl against a fake kubelet: every command that reaches into a node, over SPDY and over WebSocket. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { kubeconfigText } from '../../src/cluster/kubeconfig.ts';
import { findKubectls } from '../kubectl/kubectls.ts';
import { makePod, type Rig, startRig } from './rig.ts';

const kubectls = findKubectls();
const skip = kubectls.length === 0 ? 'no kubectl on PATH' : false;

/** kubectl speaks WebSocket from 1.31 on, unless told otherwise; before that the variables mean nothing. */
const sessions = kubectls.flatMap((kubectl) => [
  { ...kubectl, title: `${kubectl.name}, its own choice`, webSockets: undefined },
  ...(kubectl.minor >= 31 ? [{ ...kubectl, title: `${kubectl.name}, SPDY`, webSockets: 'false' }] : []),
  ...(kubectl.minor === 30 ? [{ ...kubectl, title: `${kubectl.name}, WebSocket`, webSockets: 'true' }] : []),
]);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe('kubectl reaches into nodes', { skip }, () => {
  let rig: Rig;
  let folder: string;
  let kubeconfig: string;
  before(async () => {
    rig = await startRig();
    await makePod(rig.api, 'web');
    await makePod(rig.api, 'two', {
      containers: [
        { name: 'a', image: 'x' },
        { name: 'b', image: 'x' },
      ],
    });
    await makePod(rig.api, 'early', { containers: [{ name: 'starting', image: 'x' }] });
    folder = await mkdtemp(join(tmpdir(), 'wherry-tunnels-'));
    kubeconfig = join(folder, 'kubeconfig');
    const authority = rig.certificates.authority.certificate;
    const user = { name: 'ada', ...rig.certificates.administrator };
    await writeFile(
      kubeconfig,
      kubeconfigText({ name: 'test', server: `https://127.0.0.1:${rig.http.port}`, authority, user }),
    );
  });
  after(async () => {
    await rig?.close();
    await rm(folder, { recursive: true, force: true });
  });

  function start(session: (typeof sessions)[number], words: string[]): ChildProcess {
    const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: kubeconfig };
    if (session.webSockets !== undefined) {
      env.KUBECTL_REMOTE_COMMAND_WEBSOCKETS = session.webSockets;
      env.KUBECTL_PORT_FORWARD_WEBSOCKETS = session.webSockets;
    }
    return spawn(session.file, words, { env, stdio: 'pipe' });
  }

  async function run(session: (typeof sessions)[number], words: string[], input = ''): Promise<Ended> {
    const child = start(session, words);
    let out = '';
    let err = '';
    child.stdout?.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      err += chunk;
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out, err };
  }

  const cases: Record<string, { words: string[]; input?: string; wanted: Ended }> = {
    'logs of the only container': {
      words: ['logs', 'web'],
      wanted: { code: 0, out: 'main line 1\nmain line 2\n', err: '' },
    },
    'logs of one of two': {
      words: ['logs', 'two', '-c', 'b', '--tail=5', '--timestamps'],
      wanted: { code: 0, out: 'b line 1\nb line 2\n', err: '' },
    },
    'logs of a container that is not there': {
      words: ['logs', 'two', '-c', 'c'],
      wanted: { code: 1, out: '', err: 'error: container c is not valid for pod two\n' },
    },
    'logs of a container that starts': {
      words: ['logs', 'early'],
      wanted: {
        code: 1,
        out: '',
        err: 'Error from server (BadRequest): container "starting" in pod "web" is waiting to start: ContainerCreating\n',
      },
    },
    'exec with two outputs': {
      words: ['exec', 'web', '--', 'say', 'hello', 'alas'],
      wanted: { code: 0, out: 'hello\n', err: 'alas\n' },
    },
    'exec with input': {
      words: ['exec', '-i', 'web', '--', 'cat'],
      input: 'line\n'.repeat(100_000),
      wanted: { code: 0, out: 'line\n'.repeat(100_000), err: '' },
    },
    'exec that fails': {
      words: ['exec', 'web', '--', 'fail', '42'],
      wanted: { code: 42, out: 'failing\n', err: 'command terminated with exit code 42\n' },
    },
    'exec in a container that is not there': {
      words: ['exec', 'web', '-c', 'none', '--', 'say'],
      wanted: {
        code: 1,
        out: '',
        err: 'Error from server (BadRequest): container none is not valid for pod web\n',
      },
    },
    'exec in a pod that is not there': {
      words: ['exec', 'none', '--', 'say'],
      wanted: { code: 1, out: '', err: 'Error from server (NotFound): pods "none" not found\n' },
    },
    attach: {
      words: ['attach', '-i', 'web', '-c', 'main'],
      input: 'to whom it concerns\n',
      wanted: { code: 0, out: 'to whom it concerns\n', err: '' },
    },
    'a path of the node': {
      words: ['get', '--raw', '/api/v1/nodes/node-1/proxy/a/b?c=d'],
      wanted: { code: 0, out: 'GET /a/b?c=d 0\n', err: '' },
    },
  };

  for (const session of sessions) {
    for (const [name, { words, input, wanted }] of Object.entries(cases))
      test(`${session.title}: ${name}`, async () => {
        const { code, out, err } = await run(session, words, input);
        assert.deepEqual({ code, out, err: withoutNoise(err) }, wanted);
      });

    test(`${session.title}: port-forward, twice over one connection`, async () => {
      const child = start(session, ['port-forward', 'web', ':8080', '--address', '127.0.0.1']);
      const closed = once(child, 'close');
      try {
        const port = await announcedPort(child);
        assert.equal(await talk(port, 'hello'), 'port 8080\nHELLO');
        assert.equal(await talk(port, 'again'), 'port 8080\nAGAIN');
      } finally {
        child.kill();
        await closed;
      }
    });

    test(`${session.title}: logs -f shows each line as it comes, and ends with the container`, async () => {
      const before = rig.kubelet.followed.length;
      const child = start(session, ['logs', '-f', 'two', '-c', 'a']);
      const closed = once(child, 'close');
      const lines = linesOf(child);
      assert.equal((await lines.next()).value, 'a line 1');
      assert.equal((await lines.next()).value, 'a line 2');
      const [response, another] = rig.kubelet.followed.slice(before);
      assert.ok(response !== undefined && another === undefined);
      response.write('a later line\n');
      assert.equal((await lines.next()).value, 'a later line');
      response.end('the last one\n');
      assert.equal((await lines.next()).value, 'the last one');
      assert.equal((await lines.next()).done, true);
      assert.equal((await closed)[0], 0);
    });
  }
});

/** Old ones tell of flags and of prompts that are no matter here. */
const withoutNoise = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.startsWith("If you don't see a command prompt") && !line.startsWith('Defaulted '))
    .join('\n');

async function* linesOf(child: ChildProcess): AsyncGenerator<string, void> {
  let rest = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

/** The rest of what it says must be taken, too: it would end of a broken pipe. */
function announcedPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      const match = /127\.0\.0\.1:(\d+) ->/.exec(text);
      if (match !== null) resolve(Number(match[1]));
    });
    child.once('close', () => reject(new Error(`kubectl port-forward ended: ${text}`)));
  });
}

/** Says something, and hears all that comes back. */
async function talk(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
