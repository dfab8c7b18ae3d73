/** What the JavaScript client does inside pods: exec, attach, cp, port-forward and logs, against a fake kubelet. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Duplex, PassThrough, Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import {
  ApiException,
  Attach,
  CoreV1Api,
  Cp,
  Exec,
  KubeConfig,
  Log,
  Metrics,
  PortForward,
  type V1Status,
} from '@kubernetes/client-node';
import { WebSocketServer } from 'ws';
import { kubeconfigText } from '../../../src/cluster/kubeconfig.ts';
import { makePod, type Rig, startRig } from '../../tunnels/rig.ts';
import { eventually } from './cluster.ts';
import { sink } from './sink.ts';

/**
 * A kubelet's port-forward over WebSocket: each port has a channel for data and one for errors, and on both the port's
 * number comes first. Source: k8s.io/kubelet pkg/cri/streaming/portforward/websocket.go. Says everything in capitals.
 */
function forwardByWebSocket(request: IncomingMessage, connection: Duplex): boolean {
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => 'v4.channel.k8s.io' });
  server.handleUpgrade(request, connection, Buffer.alloc(0), (socket) => {
    const port = Number(new URL(request.url ?? '', 'https://kubelet').searchParams.get('port'));
    for (const channel of [0, 1]) socket.send(Buffer.from([channel, port & 0xff, port >> 8]));
    socket.on('message', (message: Buffer) => socket.send(Buffer.from(message.toString().toUpperCase())));
  });
  return true;
}

describe('the JavaScript client reaches into pods', () => {
  let rig: Rig;
  let config: KubeConfig;
  let folder: string;
  before(async () => {
    rig = await startRig();
    await makePod(rig.api, 'web');
    config = new KubeConfig();
    config.loadFromString(
      kubeconfigText({
        name: 'test',
        server: `https://127.0.0.1:${rig.http.port}`,
        authority: rig.certificates.authority.certificate,
        user: { name: 'ada', ...rig.certificates.administrator },
      }),
    );
    folder = await mkdtemp(path.join(tmpdir(), 'wherry-client-'));
    rig.kubelet.folder = folder;
  });
  after(async () => {
    await rig?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function run(command: string[], input?: Readable) {
    const out = sink();
    const err = sink();
    let status: V1Status | undefined;
    const socket = await new Exec(config).exec(
      'default',
      'web',
      'main',
      command,
      out,
      err,
      input ?? null,
      false,
      (ended) => {
        status = ended;
      },
    );
    await eventually(async () => status !== undefined && socket.readyState === socket.CLOSED);
    return {
      protocol: socket.protocol,
      out: out.text(),
      err: err.text(),
      status: status as unknown as V1Status,
    };
  }

  test('exec: output, errors, how it ended', async () => {
    const said = await run(['say', 'hello', 'ouch']);
    assert.deepEqual(said, {
      protocol: 'v5.channel.k8s.io',
      out: 'hello\n',
      err: 'ouch\n',
      status: { metadata: {}, status: 'Success' },
    });
    const { status } = await run(['fail', '3']);
    assert.deepEqual(
      [status.status, status.reason, status.details?.causes],
      ['Failure', 'NonZeroExitCode', [{ reason: 'ExitCode', message: '3' }]],
    );
  });

  test('exec: input to its end', async () => {
    const { out, status } = await run(['cat'], Readable.from([Buffer.from('one '), Buffer.from('two')]));
    assert.deepEqual([out, status.status], ['one two', 'Success']);
  });

  test('exec: refused where there is no such container', async () => {
    await assert.rejects(
      new Exec(config).exec('default', 'web', 'nobody', ['say'], sink(), null, null, false),
    );
  });

  test('attach', async () => {
    const input = new PassThrough();
    const out = sink();
    const socket = await new Attach(config).attach('default', 'web', 'main', out, sink(), input, false);
    input.write('typed');
    await eventually(async () => out.text() === 'typed');
    input.end();
    await eventually(async () => socket.readyState === socket.CLOSED);
  });

  test('cp, there and back', async () => {
    const here = path.join(folder, 'here');
    await mkdir(path.join(here, 'inner'), { recursive: true });
    await writeFile(path.join(here, 'inner/file'), 'content');
    await mkdir(path.join(folder, 'pod'));
    const cp = new Cp(config);
    await cp.cpToPod('default', 'web', 'main', here, 'pod');
    const arrived = (file: string) => () =>
      readFile(path.join(folder, file), 'utf8').then(
        (text) => text === 'content',
        () => false,
      );
    await eventually(arrived('pod/inner/file'));
    await cp.cpFromPod('default', 'web', 'main', 'inner', path.join(folder, 'back'), 'pod');
    await eventually(arrived('back/inner/file'));
  });

  test('port-forward, in the protocol that goes through to the kubelet', async () => {
    rig.kubelet.upgrade = forwardByWebSocket;
    const input = new PassThrough();
    const out = sink();
    const forward = await new PortForward(config).portForward('default', 'web', [8080], out, sink(), input);
    input.write('shout');
    await eventually(async () => out.text() === 'SHOUT');
    (typeof forward === 'function' ? forward() : forward)?.close();
  });

  test('logs, whole and followed', async () => {
    const core = config.makeApiClient(CoreV1Api);
    assert.equal(
      await core.readNamespacedPodLog({ namespace: 'default', name: 'web' }),
      'main line 1\nmain line 2\n',
    );
    const out = sink();
    await new Log(config).log('default', 'web', 'main', out, {
      follow: true,
      tailLines: 2,
    });
    await eventually(async () => out.text() === 'main line 1\nmain line 2\n');
    await eventually(async () => rig.kubelet.followed.length === 1);
    rig.kubelet.followed[0]?.write('main line 3\n');
    await eventually(async () => out.text().endsWith('line 3\n'));
    rig.kubelet.followed[0]?.end();
    await eventually(async () => out.writableFinished);
    await assert.rejects(
      new Log(config).log('default', 'nobody', 'main', sink()),
      (error) => error instanceof ApiException && error.code === 404,
    );
  });

  test('metrics, which nobody serves', async () => {
    await assert.rejects(
      new Metrics(config).getNodeMetrics(),
      (error) => error instanceof ApiException && error.code === 404,
    );
  });
});
