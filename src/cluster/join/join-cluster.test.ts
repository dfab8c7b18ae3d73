import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type JoinWorld, startJoinWorld } from '../../../test/join-world.ts';
import { AbortedError } from '../../client/transport.ts';
import { issueAuthority } from '../issue.ts';
import { formatJoinToken, parseJoinToken } from './join-token.ts';
import { newJoinToken } from './server-token.ts';

const day = 24 * 3600 * 1000;

describe('a node joins', () => {
  let cluster: JoinWorld;
  beforeEach(async () => {
    cluster = await startJoinWorld();
  });
  afterEach(() => cluster.close());

  const refusedAs =
    (code: string, ...texts: RegExp[]) =>
    (error: Error & { code?: string }) => {
      assert.equal(error.code, code, error.message);
      for (const text of texts) assert.match(error.message, text);
      return true;
    };
  const files = () => readdir(join(cluster.directory, 'agent'));

  test('with a token: first a client certificate, then with it one to serve with', async () => {
    const node = await cluster.until(cluster.join());
    const client = new X509Certificate(node.client().certificate);
    const serving = new X509Certificate(node.serving().certificate);
    assert.deepEqual(
      [client.subject, client.keyUsage, serving.subject, serving.keyUsage, serving.subjectAltName],
      [
        'O=system:nodes\nCN=system:node:n1',
        ['1.3.6.1.5.5.7.3.2'],
        'O=system:nodes\nCN=system:node:n1',
        ['1.3.6.1.5.5.7.3.1'],
        'DNS:n1, IP Address:172.30.0.2',
      ],
    );
    assert.equal(node.authority, cluster.authority);
    assert.deepEqual((await files()).sort(), ['ca.crt', 'client.pem', 'serving.pem']);
    assert.deepEqual(
      [...new Set(cluster.calls.map((call) => call.split(' ')[0]))],
      ['Bearer', 'system:node:n1'],
    );
  });

  test('a restart needs neither token nor server', async () => {
    const first = await cluster.until(cluster.join());
    cluster.setAway(true);
    const again = await cluster.join({ token: undefined });
    assert.deepEqual([again.client(), again.serving()], [first.client(), first.serving()]);
  });

  test('nothing is sent to a server that is not the one of the token', async () => {
    const { certificate } = await issueAuthority(Date.UTC(2026, 0, 1));
    const token = newJoinToken(certificate);
    await assert.rejects(
      cluster.until(cluster.join({ token: formatJoinToken(token) })),
      refusedAs(
        'WRONG_CLUSTER',
        new RegExp(`the token says sha256:${token.authorityHash}`),
        new RegExp(
          `the server shows sha256:[0-9a-f]{64}, sha256:${parseJoinToken(cluster.token).authorityHash};`,
        ),
      ),
    );
    assert.deepEqual([cluster.calls, await files()], [[], []]);
  });

  test('a token that the server does not know', async () => {
    const token = formatJoinToken({ ...parseJoinToken(cluster.token), secret: '0'.repeat(16) });
    await assert.rejects(
      cluster.until(cluster.join({ token })),
      refusedAs('BAD_JOIN_TOKEN', /does not accept who we say we are/),
    );
  });

  test('no token, and nothing in the folder', async () => {
    await assert.rejects(
      cluster.join({ token: undefined }),
      refusedAs('NO_JOIN_TOKEN', /there are no certificates yet; give --token-file/),
    );
  });

  test('a folder with the certificates of another cluster', async () => {
    await cluster.until(cluster.join());
    const { certificate } = await issueAuthority(Date.UTC(2026, 0, 1));
    await assert.rejects(
      cluster.join({ token: formatJoinToken(newJoinToken(certificate)) }),
      refusedAs('OTHER_CLUSTER', /has the certificates of another cluster/, /or remove the directory/),
    );
  });

  test('a folder with a client certificate of another authority asks anew', async () => {
    const other = await startJoinWorld();
    try {
      await other.until(other.join());
      await cluster.until(cluster.join());
      const foreign = await readFile(join(other.directory, 'agent', 'client.pem'));
      await writeFile(join(cluster.directory, 'agent', 'client.pem'), foreign);
      await assert.rejects(
        cluster.join({ token: undefined }),
        refusedAs('NO_JOIN_TOKEN', /the client certificate is of another cluster/),
      );
      await cluster.until(cluster.join());
      assert.notDeepEqual(await readFile(join(cluster.directory, 'agent', 'client.pem')), foreign);
    } finally {
      await other.close();
    }
  });

  test('a clock that is behind is told', async () => {
    await cluster.until(cluster.join());
    const clock = { ...cluster.world.clock, now: () => Date.UTC(2025, 0, 1) };
    await assert.rejects(
      cluster.join({ clock }),
      refusedAs(
        'CLOCK_OFF',
        /it says 2025-01-01T00:00:00.000Z/,
        /good from 2025-12-31T23:55/,
        /set the clock/,
      ),
    );
  });

  test('a certificate that has expired: with the token it is asked for anew, without it is told', async () => {
    const first = await cluster.until(cluster.join());
    first.close();
    cluster.world.clock.advance(400 * day);
    await cluster.world.settle();
    await assert.rejects(
      cluster.join({ token: undefined }),
      refusedAs('NO_JOIN_TOKEN', /the client certificate has expired; give --token-file/),
    );
    const again = await cluster.until(cluster.join());
    assert.notEqual(again.client().certificate, first.client().certificate);
  });

  test('a server that is away is waited for', async () => {
    cluster.setAway(true);
    const joining = cluster.join();
    let failed = false;
    joining.catch(() => {
      failed = true;
    });
    await cluster.world.advance(120_000);
    assert.equal(failed, false);
    cluster.setAway(false);
    const node = await cluster.until(joining);
    assert.match(node.client().certificate, /BEGIN CERTIFICATE/);
  });

  test('the wait can be given up', async () => {
    cluster.setAway(true);
    const stop = new AbortController();
    const joining = cluster.join({ signal: stop.signal });
    const refused = assert.rejects(joining, (error) => error instanceof AbortedError);
    await cluster.world.advance(5000);
    stop.abort();
    await refused;
  });

  test('another address is another certificate to serve with', async () => {
    const first = await cluster.until(cluster.join());
    const again = await cluster.until(cluster.join({ addresses: ['172.30.0.9'], token: undefined }));
    assert.equal(again.client().certificate, first.client().certificate);
    assert.equal(
      new X509Certificate(again.serving().certificate).subjectAltName,
      'DNS:n1, IP Address:172.30.0.9',
    );
  });

  test('a server address that is none', async () => {
    for (const server of ['172.30.0.1', 'http://172.30.0.1', 'https://a/b', 'https://u:p@a'])
      await assert.rejects(cluster.join({ server }), refusedAs('BAD_SERVER'));
  });
});

describe('an administrator decides', () => {
  let cluster: JoinWorld;
  beforeEach(async () => {
    cluster = await startJoinWorld({ approves: false });
  });
  afterEach(() => cluster.close());
  const requests = () => cluster.world.client.of('CertificateSigningRequest');
  const decide = async (type: 'Approved' | 'Denied') => {
    const { items } = await requests().list();
    for (const item of items)
      if ((item.status?.conditions ?? []).length === 0)
        await requests().update(
          {
            ...item,
            status: { conditions: [{ type, status: 'True', reason: 'Person', message: 'said so' }] },
          },
          { subresource: 'approval' },
        );
    return items.map(({ metadata }) => metadata.name);
  };

  test('a restart while it waits asks with the same key: it is one request', async () => {
    const stop = new AbortController();
    const first = cluster.join({ signal: stop.signal });
    const refused = assert.rejects(first);
    await cluster.until(waitFor(async () => (await requests().list()).items.length === 1));
    stop.abort();
    await refused;
    const again = cluster.join();
    again.catch(() => {});
    await cluster.until(waitFor(async () => (await decide('Approved')).length === 2));
    await cluster.until(again);
    assert.equal((await requests().list()).items.length, 2);
  });

  test('a request that is denied is told, and the next one is another', async () => {
    const refused = assert.rejects(
      cluster.join(),
      /was denied: Person said so; see kubectl describe csr node-csr-/,
    );
    await cluster.until(waitFor(async () => (await decide('Denied')).length === 1));
    await cluster.until(refused);
    const again = cluster.join();
    await cluster.until(waitFor(async () => (await decide('Approved')).length === 3));
    await cluster.until(again);
  });

  /** Asks again until it is so. */
  async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
  }
});

test('certificates are renewed while the node runs, with its own certificate, and whoever listens is told', async () => {
  const cluster = await startJoinWorld({ lifeSeconds: 600 });
  try {
    const node = await cluster.until(cluster.join());
    const before = { client: node.client().certificate, serving: node.serving().certificate };
    // The token is no longer good, and the certificates are renewed even so.
    await cluster.world.client.of('Secret').delete({
      namespace: 'kube-system',
      name: `bootstrap-token-${parseJoinToken(cluster.token).id}`,
    });
    const renewed: string[] = [];
    await cluster.until(
      new Promise<void>((resolve) => {
        node.onRenewed((name) => {
          renewed.push(name);
          if (new Set(renewed).size === 2) resolve();
        });
      }),
      1000,
    );
    assert.notEqual(node.client().certificate, before.client);
    assert.notEqual(node.serving().certificate, before.serving);
    // Ten minutes is how long they would have been good.
    assert.ok(cluster.world.clock.monotonic() < 600_000, String(cluster.world.clock.monotonic()));
    // What was renewed is what a restart finds.
    cluster.setAway(true);
    const again = await cluster.join({ token: undefined });
    assert.equal(again.client().certificate, node.client().certificate);
    await rm(join(cluster.directory, 'agent', 'serving.pem'));
    node.close();
  } finally {
    await cluster.close();
  }
});
