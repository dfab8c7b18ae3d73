/**
 * kubectl where a process answers: commands, attached pods, files and logs, and port-forward with clients and servers that
 * end at odd moments. Sources: test/e2e/kubectl/{kubectl,logs,portforward}.go.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { assertText, until } from '../../node/test-node.ts';
import { KubectlSession, type Running, skip } from './session.ts';

/** Takes one connection, reads so many bytes of it, answers, and ends. */
const server = (bytes: number) => `
cat > /serve <<'END'
#!/bin/sh
echo accepted >&2
got=$(head -c ${bytes})
[ \${#got} = ${bytes} ] || { echo "got \${#got} of ${bytes}" >&2; exit; }
printf '%0100d' 0
echo "served \${got:-nothing}" >&2
END
chmod +x /serve
touch /ready
nc -l -p 80 -e /serve`;

const readiness = { exec: { command: ['cat', '/ready'] }, periodSeconds: 1 };

describe('kubectl on a real node', { skip, concurrency: 3 }, () => {
  let session: KubectlSession;
  before(async () => {
    session = await KubectlSession.start();
  });
  after(() => session?.close());

  const create = async (name: string, script: string): Promise<void> => {
    const containers = [
      { name: 'main', image: 'busybox:1.27', command: ['sh', '-c', script], readinessProbe: readiness },
    ];
    await session.createPod(name, script, { containers });
    await session.whenReady(name);
  };

  async function forward(pod: string, protocol: string): Promise<{ port: number; running: Running }> {
    const env = { KUBECTL_PORT_FORWARD_WEBSOCKETS: String(protocol === 'WebSocket') };
    const running = session.start(['port-forward', `pod/${pod}`, ':80'], env);
    const port = () => /127\.0\.0\.1:(\d+) -> 80\n/.exec(running.said.stdout)?.[1];
    await until('it forwards', async () => port() !== undefined);
    return { port: Number(port()), running };
  }

  async function stop({ child, closed }: Running): Promise<void> {
    child.kill();
    await closed;
  }

  async function connect(port: number): Promise<net.Socket> {
    const socket = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  }

  const cases = [
    {
      title: 'a server that speaks first',
      bytes: 0,
      sent: '',
      reads: true,
      log: 'accepted\nserved nothing\n',
    },
    {
      title: 'a client that says what is asked for',
      bytes: 3,
      sent: 'abc',
      reads: true,
      log: 'accepted\nserved abc\n',
    },
    {
      title: 'a client that goes without a word',
      bytes: 3,
      sent: '',
      reads: false,
      log: 'accepted\ngot 0 of 3\n',
    },
  ];
  for (const protocol of ['SPDY', 'WebSocket'])
    for (const [index, { title, bytes, sent, reads, log }] of cases.entries())
      test(`over ${protocol}: ${title}`, async () => {
        const name = `once-${protocol.toLowerCase()}-${index}`;
        await create(name, server(bytes));
        const { port, running } = await forward(name, protocol);
        const socket = await connect(port);
        if (sent !== '') socket.write(sent);
        if (reads) assert.equal(await text(socket), '0'.repeat(100));
        socket.end();
        await session.whenEnded(name);
        await assertText(() => session.log(name), log);
        await stop(running);
      });

  const webServer = `mkdir /www; echo page > /www/index.html; head -c 8000000 /dev/zero > /www/large; touch /ready; exec httpd -f -h /www -p 80`;

  for (const protocol of ['SPDY', 'WebSocket'])
    test(`over ${protocol}: who stops reading disturbs nobody`, async () => {
      const name = `web-${protocol.toLowerCase()}`;
      await create(name, webServer);
      const { port, running } = await forward(name, protocol);
      const page = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
      assert.equal(await page(), 'page\n');
      const socket = await connect(port);
      socket.on('error', () => {});
      socket.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'data');
      socket.destroy();
      assert.equal(await page(), 'page\n');
      await stop(running);
    });

  for (const protocol of ['SPDY', 'WebSocket'])
    test(`over ${protocol}: it ends with its pod`, async () => {
      const name = `gone-${protocol.toLowerCase()}`;
      await create(name, webServer);
      const { port, running } = await forward(name, protocol);
      const socket = await connect(port);
      socket.on('error', () => {});
      socket.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'data');
      socket.pause();
      const ended = once(socket, 'end');
      assert.equal((await session.run(['delete', 'pod', name, '--wait=false'])).code, 0);
      await until('the pod is gone', async () => !(await session.exists(name)));
      socket.resume();
      await ended;
      socket.destroy();
      // Whoever comes next finds nothing behind it.
      await until('kubectl has given up', async () => {
        await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(5000) }).catch(() => {});
        return running.child.exitCode !== null;
      });
      await running.closed;
      assert.match(running.said.stderr, /error: lost connection to pod\n$/);
      assert.equal(running.child.exitCode, 1);
    });

  describe('a pod that runs', () => {
    const run = (...args: string[]) => session.run(args);
    before(() =>
      create('runs', 'mkdir -p /data/foo; echo foobar > /data/foo/bar; touch /ready; exec sleep 3600'),
    );

    test('a long command, and one of a pod named by its kind', async () => {
      const long = 'a'.repeat(20_000);
      assert.equal((await run('exec', 'runs', '--', 'echo', long)).stdout, `${long}\n`);
      assert.equal(
        (await run('exec', 'pod/runs', '--', 'echo', 'running', 'in', 'container')).stdout,
        'running in container\n',
      );
    });

    test('a shell that is told to exit, while nobody closes its input', async () => {
      const { child, said, closed } = session.start(['exec', '-i', 'runs', '--', 'sh']);
      child.stdin?.write('echo hi\nexit\n');
      await closed;
      assert.deepEqual([child.exitCode, said.stdout], [0, 'hi\n']);
    });

    test('a file of the pod', async () => {
      const target = path.join(session.cluster.folder, 'copied');
      assert.equal((await run('cp', 'runs:/data/foo/bar', target)).code, 0);
      assert.equal(await readFile(target, 'utf8'), 'foobar\n');
    });

    test('a command by way of kubectl proxy', async () => {
      const { child, said, closed } = session.start(['proxy', '--port=0', '--disable-filter']);
      const port = () => /Starting to serve on 127\.0\.0\.1:(\d+)\n/.exec(said.stdout)?.[1];
      await until('it serves', async () => port() !== undefined);
      const versions = await (await fetch(`http://127.0.0.1:${port()}/api/`)).json();
      assert.deepEqual((versions as { versions: string[] }).versions, ['v1']);
      const through = `--server=http://127.0.0.1:${port()}`;
      assert.equal((await run(through, 'exec', 'runs', '--', 'echo', 'through')).stdout, 'through\n');
      child.kill();
      await closed;
    });

    test('the API on a socket of the file system', async () => {
      const socketPath = path.join(session.cluster.folder, 'proxy.sock');
      const { child, said, closed } = session.start(['proxy', `--unix-socket=${socketPath}`]);
      await until('it serves', async () => said.stdout.includes('Starting to serve on'));
      const [answer] = (await once(
        http.get({ socketPath, path: '/api', headers: { host: 'localhost' } }),
        'response',
      )) as [http.IncomingMessage];
      assert.match(await text(answer), /"versions":\s*\["v1"\]/);
      child.kill();
      await closed;
    });

    test('logs since a moment, and to the last line', async () => {
      const script = 'echo first; sleep 3; for i in 1 2 3; do echo line $i; done; echo EOF';
      await session.createPod('talks', script);
      await until('it has begun', async () => (await session.log('talks')) === 'first\n');
      const all = (await run('logs', '-f', 'talks')).stdout;
      assert.equal(all, 'first\nline 1\nline 2\nline 3\nEOF\n');
      assert.equal((await run('logs', 'talks', 'main', '--tail=1')).stdout, 'EOF\n');
      assert.equal((await run('logs', 'talks', '--limit-bytes=1')).stdout, 'f');
      assert.match(
        (await run('logs', 'talks', '--tail=1', '--timestamps')).stdout,
        /^\d{4}-[\dT:.-]+Z EOF\n$/,
      );
      const stamped = (await run('logs', 'talks', '--timestamps')).stdout.split('\n')[1] ?? '';
      const moment = stamped.slice(0, 'yyyy-mm-ddThh:mm:ss'.length);
      assert.equal(
        (await run('logs', 'talks', `--since-time=${moment}Z`)).stdout,
        'line 1\nline 2\nline 3\nEOF\n',
      );
      assert.equal((await run('logs', 'talks', '--since=24h')).stdout, all);
    });
  });

  const image = ['--image=busybox:1.27'];
  const runs: Readonly<Record<string, { args: string[]; input: string; code: number; stdout?: string }>> = {
    succeeds: { args: ['-i', '--restart=Never', '--', 'sh', '-c', 'read x; exit 0'], input: 'x\n', code: 0 },
    fails: { args: ['-i', '--restart=Never', '--', 'sh', '-c', 'cat; exit 42'], input: 'abcd1234', code: 42 },
    'fails-and-goes': {
      args: ['-i', '--rm', '--restart=Never', '--', 'sh', '-c', 'cat; exit 42'],
      input: 'abcd1234',
      code: 42,
    },
    'input-left-open': {
      args: ['-i', '--leave-stdin-open', '--restart=Never', '--', 'sh', '-c', 'exit 42'],
      input: 'abcd1234',
      code: 0,
    },
    'waits-for-a-line': {
      args: [
        '--attach',
        '--stdin',
        '--restart=OnFailure',
        '--',
        'sh',
        '-c',
        'while [ -z "$s" ]; do read s; sleep 0.1; done; echo read:$s; cat; echo; echo closed',
      ],
      input: 'value\nabcd1234',
      code: 0,
      stdout: 'read:value\nabcd1234\nclosed\n',
    },
  };
  for (const [name, { args, input, code, stdout }] of Object.entries(runs))
    test(`a pod for one command: ${name}`, async () => {
      const answer = await session.run(['run', name, ...image, '--quiet', ...args], input);
      assert.equal(answer.code, code, answer.stderr);
      if (stdout !== undefined) assert.equal(answer.stdout, stdout);
      if (args.includes('--rm')) await until('it is gone', async () => !(await session.exists(name)));
    });

  test('a pod whose input stays open runs on', async () => {
    const args = [
      '--attach',
      '--stdin',
      '--leave-stdin-open',
      '--restart=OnFailure',
      '--',
      'sh',
      '-c',
      'cat && echo closed',
    ];
    const answer = await session.run(['run', 'left-open', ...image, '--quiet', ...args], 'abcd1234\n');
    assert.equal(answer.code, 0, answer.stderr);
    assert.equal((await session.pod('left-open')).status?.phase, 'Running');
    await until('it has said so', async () => (await session.log('left-open')) === 'abcd1234\n');
  });
});
