/** A node joins a server over TLS, with nothing but the token, and does what nodes do: with real certificates all the way. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { tlsTransport } from '../src/client/tls.ts';
import type { Transport } from '../src/client/transport.ts';
import { Client } from '../src/client/typed-client.ts';
import { issueAuthority } from '../src/cluster/issue.ts';
import { joinCluster, type NodeCredentials } from '../src/cluster/join/join-cluster.ts';
import { hashOf } from '../src/cluster/join/join-token.ts';
import { checkServerOptions } from '../src/commands/server/options.ts';
import { type RunningServer, startServer } from '../src/commands/server/server.ts';
import { silentLogger } from '../src/lib/log.ts';
import { systemClock, systemRandom } from '../src/lib/system.ts';

const run = promisify(execFile);

const options = (dataDir: string) =>
  checkServerOptions({
    dataDir,
    port: '0',
    bindAddress: '127.0.0.1',
    store: 'memory',
    serviceCidr: '10.96.0.0/16',
    serviceNodePortRange: '30000-32767',
    tlsSan: [],
    simulatedNodes: '0',
    simulatedNodeEvents: 'on',
    controllers: '*',
    disableAdmissionPlugins: '',
  });

describe('over TLS', () => {
  let directory: string;
  let server: RunningServer;
  let node: NodeCredentials;
  let transport: Transport;
  let client: Client;
  const ending = new AbortController();
  const joinAs = (nodeName: string, changes: object = {}) =>
    readFile(join(directory, 'join-token'), 'utf8').then((token) =>
      joinCluster({
        server: server.url,
        token,
        nodeName,
        addresses: ['192.0.2.7'],
        directory: join(directory, nodeName),
        clock: systemClock,
        random: systemRandom,
        log: silentLogger,
        signal: ending.signal,
        ...changes,
      }),
    );

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-join-'));
    server = await startServer(options(directory), silentLogger);
    node = await joinAs('n1');
    transport = tlsTransport(
      { server: node.server, authority: node.authority, ...node.client() },
      { clock: systemClock },
    );
    client = new Client({ transport, clock: systemClock, userAgent: 'kubelet/test' });
  });
  after(async () => {
    ending.abort();
    await transport?.close();
    await server?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test('the token is for the server’s owner only', async () => {
    assert.equal((await stat(join(directory, 'join-token'))).mode & 0o777, 0o600);
  });

  test('the node registers and sees services, and no secrets of others', async () => {
    const { metadata } = await client.of('Node').create({ metadata: { name: 'n1' } });
    assert.equal(metadata.name, 'n1');
    const services = await client.of('Service').list();
    assert.ok(services.items.some((each) => each.metadata.name === 'kubernetes'));
    await assert.rejects(client.of('Secret').list(), { httpCode: 403 });
    await assert.rejects(client.of('Node').create({ metadata: { name: 'n2' } }), {
      message: 'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
    });
  });

  test('a token of another cluster is not shown to this one', async () => {
    const token = `abcdef.0123456789abcdef@sha256:${'0'.repeat(64)}`;
    await assert.rejects(joinAs('n4', { token }), { code: 'WRONG_CLUSTER' });
  });

  test('a server that another authority has signed is not spoken to', async () => {
    const { certificate } = await issueAuthority(systemClock.now());
    await mkdir(join(directory, 'n6'));
    await writeFile(join(directory, 'n6', 'ca.crt'), certificate);
    const token = `abcdef.0123456789abcdef@sha256:${hashOf(certificate)}`;
    await assert.rejects(joinAs('n6', { token }), {
      code: 'WRONG_CLUSTER',
      message: /is not the cluster that this node has joined/,
    });
  });

  test('a clock that is years behind is told', async () => {
    const behind = { ...systemClock, now: () => Date.UTC(2020, 0, 1) };
    await assert.rejects(joinAs('n7', { clock: behind }), { code: 'CLOCK_OFF' });
  });

  test('tokens for more nodes, by the command that makes them', async () => {
    const main = join(import.meta.dirname, '../src/main.ts');
    const wherry = async (...args: string[]) =>
      (await run(process.execPath, [main, 'token', ...args, '--data-dir', directory])).stdout;
    const made = await wherry('create', '--description', 'for ada');
    assert.match(await wherry('list'), /^ID {7}TTL {9}DESCRIPTION\n(.*\n)*\S{6} {3}(24h|23h) +for ada\n/);
    const second = await joinAs('n8', { token: made.trim() });
    assert.match(second.client().certificate, /BEGIN CERTIFICATE/);
    second.close();
    assert.match(await wherry('delete', made), /^token \S{6} deleted\n$/);
  });

  test('a token that is unknown is refused', async () => {
    const token = (await readFile(join(directory, 'join-token'), 'utf8')).replace(
      /\.[a-z0-9]{16}/,
      `.${'0'.repeat(16)}`,
    );
    await assert.rejects(joinAs('n5', { token }), { code: 'BAD_JOIN_TOKEN' });
  });
});
