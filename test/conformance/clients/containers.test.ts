/**
 * Clients that are not kubectl, in real containers: the JavaScript client's port-forward, and the channels of the Python
 * client's streams, go through to containerd as they come (v4.channel.k8s.io), where kubectl's newer ones are translated.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Agent } from 'node:https';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { CoreV1Api, Cp, Exec, KubeConfig, PortForward, type V1Status } from '@kubernetes/client-node';
import { WebSocket } from 'ws';
import { startCluster, type TestCluster } from '../../node/cluster.ts';
import { noNodeBecause } from '../../node/test-node.ts';
import { eventually } from './cluster.ts';
import { sink } from './sink.ts';

describe('other clients in real containers', { skip: noNodeBecause() }, () => {
  let cluster: TestCluster;
  let config: KubeConfig;
  before(async () => {
    cluster = await startCluster({ nodes: 1 });
    config = new KubeConfig();
    config.loadFromString(readFileSync(cluster.kubeconfig, 'utf8'));
    const core = config.makeApiClient(CoreV1Api);
    const script = 'mkdir /www; echo page > /www/index.html; exec httpd -f -h /www -p 127.0.0.1:8080';
    await core.createNamespacedPod({
      namespace: 'default',
      body: {
        metadata: { name: 'web' },
        spec: { containers: [{ name: 'main', image: 'busybox:1.27', command: ['sh', '-c', script] }] },
      },
    });
    await eventually(async () => {
      const { status } = await core.readNamespacedPod({ namespace: 'default', name: 'web' });
      return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    });
  });
  after(() => cluster?.close());

  async function run(script: string, typed = '') {
    const out = sink();
    const err = sink();
    const status = await new Promise<V1Status>((resolve, reject) => {
      const input = new PassThrough();
      const command = ['sh', '-c', script];
      new Exec(config).exec('default', 'web', 'main', command, out, err, input, false, resolve).catch(reject);
      input.end(typed);
    });
    return { out: out.text(), err: err.text(), status };
  }

  test('exec says how the command ended', async () => {
    const { out, err, status } = await run('cat; echo trouble >&2; exit 3', 'a word\n');
    assert.deepEqual([out, err], ['a word\n', 'trouble\n']);
    assert.deepEqual(status.details?.causes, [{ reason: 'ExitCode', message: '3' }]);
  });

  test('port-forward', async () => {
    const input = new PassThrough();
    const out = sink();
    const forward = await new PortForward(config).portForward('default', 'web', [8080], out, sink(), input);
    input.write('GET / HTTP/1.0\r\n\r\n');
    await eventually(async () => out.text().endsWith('page\n'));
    (typeof forward === 'function' ? forward() : forward)?.close();
  });

  test('cp, there and back', async () => {
    const here = path.join(cluster.folder, 'here');
    await mkdir(here);
    await writeFile(path.join(here, 'file'), 'content');
    await new Cp(config).cpToPod('default', 'web', 'main', here, '/www');
    // Neither way can be awaited.
    await run('until [ "$(cat /www/file)" = content ]; do sleep 0.1; done');
    const back = path.join(cluster.folder, 'back');
    await new Cp(config).cpFromPod('default', 'web', 'main', 'file', back, '/www');
    await eventually(() =>
      readFile(path.join(back, 'file'), 'utf8').then(
        (text) => text === 'content',
        () => false,
      ),
    );
  });

  test('exec over the channels that older clients ask for', async () => {
    const options: { headers?: Record<string, string>; agent?: Agent } = {};
    await config.applyToHTTPSOptions(options);
    const { server } = config.getCurrentCluster() ?? { server: '' };
    const query = 'stdout=true&stderr=true&command=sh&command=-c&command=echo+hello;exit+4';
    const url = `${server.replace('https', 'wss')}/api/v1/namespaces/default/pods/web/exec?${query}`;
    const socket = new WebSocket(url, ['v4.channel.k8s.io'], options);
    const said = ['', '', '', ''];
    await new Promise((resolve, reject) => {
      socket.on('message', (bytes: Buffer) => {
        const channel = bytes[0] ?? 0;
        said[channel] += bytes.subarray(1).toString();
      });
      socket.on('close', resolve);
      socket.on('error', reject);
    });
    assert.equal(socket.protocol, 'v4.channel.k8s.io');
    assert.equal(said[1], 'hello\n');
    assert.deepEqual(JSON.parse(said[3] ?? '').details.causes, [{ reason: 'ExitCode', message: '4' }]);
  });
});
