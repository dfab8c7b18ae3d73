import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestWorld } from '../../../test/client/world.ts';
import { silentLogger } from '../../lib/log.ts';
import { seededRandom } from '../../lib/random.ts';
import { makePrivateKey } from '../sign-request.ts';
import { obtainCertificate } from './obtain.ts';

test('a request that nobody approves is told of once, with what to do; a request that goes is made again', async () => {
  const world = await startTestWorld();
  try {
    const warnings: unknown[] = [];
    const stop = new AbortController();
    const tools = {
      clock: world.clock,
      random: seededRandom(1),
      log: {
        ...silentLogger,
        warn: (message: string, fields?: object) => warnings.push({ message, ...fields }),
      },
      signal: stop.signal,
    };
    const asked = {
      key: await makePrivateKey(),
      wanted: { commonName: 'system:node:n1', names: [] },
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usage: 'client auth',
    } as const;
    const refused = assert.rejects(obtainCertificate(world.client, asked, tools));
    const requests = world.client.of('CertificateSigningRequest');
    await world.advance(5000);
    assert.deepEqual(warnings, []);
    const [request] = (await requests.list()).items;
    const name = request?.metadata.name ?? '';
    assert.match(name, /^node-csr-[0-9a-f]{40}$/);
    await requests.delete({ name });
    await world.advance(60_000);
    assert.deepEqual(
      (await requests.list()).items.map(({ metadata }) => metadata.name),
      [name],
    );
    assert.deepEqual(warnings, [
      {
        message: 'the certificate is not approved yet; an administrator approves it',
        command: `kubectl certificate approve ${name}`,
        signer: 'kubernetes.io/kube-apiserver-client-kubelet',
      },
    ]);
    stop.abort();
    await refused;
  } finally {
    await world.close();
  }
});
