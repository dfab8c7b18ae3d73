import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { ClusterCertificates } from '../../cluster/certificates.ts';
import { makeTunnels } from './tunnels.ts';

const pair = { certificate: 'c', key: 'k' };
const certificates = { authority: 'a', kubeletClient: pair } as ClusterCertificates;

for (const loopback of [false, true])
  test(`connects to an address, and to nothing else (loopback: ${loopback})`, async () => {
    const server = createServer((socket) => socket.end('hello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { dialler, kubelets, ownAddresses } = makeTunnels(certificates, {
      loopback,
      ownAddresses: ['172.30.0.1'],
    });
    assert.deepEqual([kubelets, ownAddresses], [{ authority: 'a', client: pair }, ['172.30.0.1']]);
    const { signal } = new AbortController();
    const connection = await dialler.connect({ address: '127.0.0.1', port }, signal);
    let said = '';
    for await (const chunk of connection) said += chunk;
    assert.equal(said, 'hello');
    assert.ok((await dialler.lookup('localhost')).length > 0);
    await assert.rejects(dialler.lookup('nobody.invalid'), {
      message: 'dial tcp: lookup nobody.invalid: no such host',
    });
    await assert.rejects(dialler.connect({ address: '127.0.0.1', port }, AbortSignal.abort()), {
      message: 'context canceled',
    });
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
