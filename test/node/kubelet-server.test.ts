/** The kubelet's server before a real containerd: streams as it speaks them, and logs as it writes them. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import { namespacePath } from '../../src/cluster/node/network-namespace.ts';
import type { SandboxConfig } from '../../src/cri/sandbox-types.ts';
import type { Pod, Status } from '../../src/kinds/generated/types.ts';
import { containerLabels, podLabels } from '../../src/kubelet/labels.ts';
import { LogRotator } from '../../src/kubelet/logs/log-rotator.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { systemClock } from '../../src/lib/system.ts';
import { type KubeletCertificates, makeKubeletCertificates } from '../kubelet/certificates.ts';
import { noNodeBecause, startTestNode, type TestNode, until } from './test-node.ts';

const channels = ['stdin', 'stdout', 'stderr', 'error', 'resize'] as const;
type Channel = (typeof channels)[number];

/** containerd looks up what `localhost` is on the node; without IPv6 there it forwards to IPv4 alone. */
const hasLocalhostByIPv6 = async (): Promise<boolean> =>
  /^::1\s+(.*\s)?localhost(\s|$)/m.test(await readFile('/etc/hosts', 'utf8'));

describe('the kubelet server on a real node', { skip: noNodeBecause() }, () => {
  let node: TestNode;
  let folder: string;
  let certificates: KubeletCertificates;
  let kubelet: ChildProcess | undefined;
  const pods: Pod[] = [];

  before(async () => {
    [node, certificates] = await Promise.all([startTestNode(), makeKubeletCertificates()]);
    folder = path.join(node.folder, 'kubelet');
    await mkdir(folder);
    const setup = { ...certificates.serving, clientAuthority: certificates.authority.certificate };
    await writeFile(path.join(folder, 'setup.json'), JSON.stringify(setup), { mode: 0o600 });
    const command = [process.execPath, path.join(import.meta.dirname, 'kubelet-process.ts'), folder];
    const socket = path.join(node.folder, 'containerd.sock');
    kubelet = spawn('nsenter', [`--net=${namespacePath(node.namespace)}`, ...command, socket], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(kubelet.stdout!, 'data');
  });
  after(async () => {
    if (kubelet !== undefined && kubelet.exitCode === null) {
      const gone = once(kubelet, 'exit');
      kubelet.kill('SIGKILL');
      await gone;
    }
    await node?.close();
  });

  const connection = () =>
    connect({
      path: path.join(folder, 'kubelet.sock'),
      servername: 'node-1',
      ca: certificates.authority.certificate,
      cert: certificates.apiServer.certificate,
      key: certificates.apiServer.key,
    });

  /** A pod of one container `main`, as the agent labels it. */
  async function startPod(
    name: string,
    command: readonly string[],
    { stdin = false, hostNetwork = false } = {},
  ): Promise<{ id: string; logPath: string }> {
    const plain = node.sandboxConfig(name);
    const { uid } = plain.metadata;
    const labels = { [podLabels.uid]: uid, [podLabels.name]: name, [podLabels.namespace]: 'default' };
    const namespaceOptions = { network: hostNetwork ? ('NODE' as const) : ('POD' as const) };
    const config: SandboxConfig = {
      ...plain,
      labels,
      hostname: hostNetwork ? '' : name,
      linux: { ...plain.linux, securityContext: { namespaceOptions } },
    };
    const sandboxId = await node.runtime.sandboxes.run(config);
    await mkdir(path.join(config.logDirectory, 'main'), { recursive: true });
    const id = await node.runtime.containers.create(
      sandboxId,
      {
        metadata: { name: 'main', attempt: 0 },
        image: { image: 'busybox:1.27' },
        ...{ command, args: [], envs: [], mounts: [], annotations: {}, stdin },
        labels: { ...labels, [containerLabels.name]: 'main' },
        logPath: 'main/0.log',
        linux: { securityContext: { namespaceOptions: { ...namespaceOptions, pid: 'CONTAINER' } } },
      },
      config,
    );
    await node.runtime.containers.start(id);
    pods.push({
      metadata: { name, namespace: 'default', uid },
      spec: { containers: [{ name: 'main' }] },
      status: {
        containerStatuses: [
          { name: 'main', containerID: `containerd://${id}`, state: { running: {} } },
        ] as never,
      },
    });
    await writeFile(path.join(folder, 'pods.json'), JSON.stringify(pods));
    return { id, logPath: path.join(config.logDirectory, 'main', '0.log') };
  }

  /** A stream in channels: what has come by each of them, and when something has. */
  async function openChannels(url: string, protocol = 'v4.channel.k8s.io') {
    const socket = new WebSocket(`wss://node-1${url}`, [protocol], { createConnection: connection });
    const received: Buffer[][] = [];
    const waits = new Set<() => void>();
    socket.on('message', (data: Buffer) => {
      const [channel = 0] = data;
      received[channel] = [...(received[channel] ?? []), data.subarray(1)];
      for (const look of waits) look();
    });
    const closed = once(socket, 'close');
    await once(socket, 'open');
    const bytes = (channel: number) => Buffer.concat(received[channel] ?? []);
    const untilChannel = (channel: number, condition: (text: string) => boolean) =>
      new Promise<string>((resolve, reject) => {
        const look = () => {
          const text = bytes(channel).toString('latin1');
          if (!condition(text)) return;
          waits.delete(look);
          resolve(text);
        };
        waits.add(look);
        look();
        void closed.then(() => reject(new Error(`it ended with ${JSON.stringify(String(bytes(channel)))}`)));
      });
    return {
      socket,
      closed,
      send: (channel: number, text: string) =>
        socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)])),
      until: untilChannel,
      text: (channel: Channel) => String(bytes(channels.indexOf(channel))),
    };
  }

  const commandQuery = (...command: string[]) =>
    new URLSearchParams(command.map((part) => ['command', part])).toString();

  test('a command has its streams and its exit code', async () => {
    await startPod('runs', ['sleep', '3600']);
    const query = commandQuery('sh', '-c', 'read word; echo got $word; echo trouble >&2; exit 3');
    const stream = await openChannels(`/exec/default/runs/main?${query}&input=1&output=1&error=1`);
    stream.send(0, 'hello\n');
    await stream.closed;
    assert.deepEqual([stream.text('stdout'), stream.text('stderr')], ['got hello\n', 'trouble\n']);
    const { status, reason, details } = JSON.parse(stream.text('error')) as Status;
    assert.deepEqual(
      { status, reason, details },
      {
        status: 'Failure',
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: '3' }] },
      },
    );
  });

  test('a terminal has the size that it is told', async () => {
    await startPod('terminal', ['sleep', '3600']);
    const stream = await openChannels(
      `/exec/default/terminal/main?${commandQuery('sh')}&input=1&output=1&tty=1`,
    );
    stream.send(4, JSON.stringify({ Width: 101, Height: 43 }));
    // The size comes by another way than the words, and may come after them.
    stream.send(0, 'until [ "$(stty size)" = "43 101" ]; do sleep 0.05; done; echo fits exactly; exit\n');
    await stream.until(1, (text) => text.includes('\r\nfits exactly\r\n'));
    await stream.closed;
    assert.match(stream.text('error'), /"status":"Success"/);
  });

  test('who attaches speaks with the container itself', async () => {
    const command = ['sh', '-c', 'while read word; do echo got $word; done'];
    await startPod('listens', command, { stdin: true });
    const stream = await openChannels('/attach/default/listens/main?input=1&output=1&error=1');
    stream.send(0, 'one\ntwo\n');
    await stream.until(1, (text) => text === 'got one\ngot two\n');
    stream.socket.terminate();
    await stream.closed;
  });

  test('ports are forwarded to what listens on the pod itself, by either family, and on the node', async () => {
    const serve =
      'mkdir -p /www; echo it is $0 > /www/index.html; httpd -h /www -p $1 -f & httpd -h /www -p $2 -f';
    await startPod('serves', ['sh', '-c', serve, 'me', '127.0.0.1:8080', '[::1]:8081']);
    const { id } = await startPod('on-node', ['sh', '-c', serve, 'it', '127.0.0.1:8099', '[::1]:8098'], {
      hostNetwork: true,
    });
    const ask = async (pod: string, port: number): Promise<string> => {
      const stream = await openChannels(`/portForward/default/${pod}?port=${port}`);
      // Both channels of a port begin with its number.
      await stream.until(1, (text) => text.length >= 2);
      stream.send(0, 'GET / HTTP/1.0\r\n\r\n');
      await Promise.race([stream.closed, stream.until(0, (text) => /it is \w+\n$/.test(text))]);
      stream.socket.terminate();
      return stream.text('stdin').slice(-'it is me\n'.length);
    };
    await until('it serves', async () => (await ask('serves', 8080)) === 'it is me\n');
    if (await hasLocalhostByIPv6())
      await until('it serves by IPv6', async () => (await ask('serves', 8081)) === 'it is me\n');
    await until('it serves on the node', async () => (await ask('on-node', 8099)) === 'it is it\n');
    const nobody = await openChannels('/portForward/default/serves?port=9999');
    const refusal = await nobody.until(1, (text) => text.length > 2);
    assert.match(refusal, /failed to (execute portforward|connect|dial).*9999/);
    nobody.socket.terminate();
    assert.equal((await node.runtime.containers.status(id)).state, 'Running');
  });

  test('a protocol that the runtime does not speak is refused, so that clients try another', async () => {
    await startPod('refuses', ['sleep', '3600']);
    const url = `/exec/default/refuses/main?${commandQuery('true')}&output=1`;
    const socket = new WebSocket(`wss://node-1${url}`, ['v9.channel.k8s.io'], {
      createConnection: connection,
    });
    const failure = await new Promise<Error>((resolve) => {
      socket.once('error', resolve);
    });
    assert.equal(failure.message, 'Unexpected server response: 403');
  });

  async function get(url: string): Promise<IncomingMessage> {
    const asked = request(`https://node-1${url}`, { createConnection: connection });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return response;
  }

  async function textOf(url: string): Promise<string> {
    let text = '';
    for await (const more of (await get(url)).setEncoding('utf8')) text += String(more);
    return text;
  }

  test('a log is followed across rotations, and ends with its container', async () => {
    const batches = 4;
    const linesOfBatch = 300;
    const script =
      'for batch in 1 2 3 4; do i=0; while [ $i -lt 300 ]; do echo line $batch $i; i=$((i+1)); done; until [ -e /go$batch ]; do sleep 0.02; done; done; echo the end';
    const { id, logPath } = await startPod('writes', ['sh', '-c', script]);
    // A second for each look, since that is how rotated files are named.
    let looks = 0;
    const start = systemClock.now();
    const clock = { ...systemClock, now: () => start + 1000 * looks };
    const { containers } = node.runtime;
    const rotator = new LogRotator({ containers, clock, log: silentLogger, bytesMax: 100 });
    const response = await get('/containerLogs/default/writes/main?follow=true');
    let text = '';
    response.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    const ended = once(response, 'end');
    for (let batch = 1; batch <= batches; batch++) {
      const last = `line ${batch} ${linesOfBatch - 1}\n`;
      await until(`batch ${batch} is written`, async () =>
        (await readFile(logPath, 'utf8')).includes(` ${last}`),
      );
      // One that is behind by more than the runtime's files are left for would miss some, here as upstream.
      await until(`batch ${batch} is followed`, async () => text.includes(last));
      looks++;
      await rotator.check();
      assert.equal(await readFile(logPath, 'utf8'), '', 'it is rotated');
      await node.runtime.streams.execSync(id, ['touch', `/go${batch}`], 10);
    }
    await ended;
    const lines = Array.from({ length: batches * linesOfBatch }, (_none, index) => {
      const batch = 1 + Math.floor(index / linesOfBatch);
      return `line ${batch} ${index % linesOfBatch}\n`;
    });
    assert.deepEqual(text.split('\n'), `${lines.join('')}the end\n`.split('\n'));
    assert.equal(await textOf('/containerLogs/default/writes/main'), 'the end\n');
  });

  test('lines that are longer than the runtime writes at once are whole again', async () => {
    await startPod('long', [
      'sh',
      '-c',
      'head -c 100000 /dev/zero | tr "\\0" x; echo; echo short; sleep 3600',
    ]);
    const read = () => textOf('/containerLogs/default/long/main');
    await until('it has written both', async () => (await read()).endsWith('short\n'));
    assert.deepEqual(
      (await read()).split('\n').map(({ length }) => length),
      [100_000, 5, 0],
    );
  });

  test('what its containers take', async () => {
    await startPod('takes', ['sleep', '3600']);
    const summary = JSON.parse(await textOf('/stats/summary')) as {
      pods: { podRef: { name: string }; memory: { workingSetBytes: number } }[];
    };
    const found = summary.pods.find(({ podRef }) => podRef.name === 'takes');
    assert.ok((found?.memory.workingSetBytes ?? 0) > 0);
  });
});
