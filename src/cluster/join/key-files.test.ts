import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { issueAuthority, issueLeaf } from '../issue.ts';
import { flawOf, lifeOf, pairFile, readPair, waitingKey, writePair } from './key-files.ts';

const now = Date.UTC(2026, 0, 1);
const day = 24 * 3600 * 1000;
const authority = await issueAuthority(now);
const leaf = (names: string[] = []) =>
  issueLeaf(authority, {
    commonName: 'system:node:n1',
    organization: 'system:nodes',
    names,
    usage: 'server',
    now,
  });
const pair = await leaf(['n1', '10.0.0.1', 'fd00::1']);

describe('the files', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-keys-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('a pair stands in one file, for its owner only', async () => {
    await writePair(directory, 'client', pair);
    assert.deepEqual(await readPair(directory, 'client'), pair);
    assert.deepEqual(await readdir(directory), ['client.pem']);
    assert.equal((await stat(pairFile(directory, 'client'))).mode & 0o777, 0o600);
    assert.equal(await readPair(directory, 'serving'), undefined);
  });

  test('a key waits for its certificate through restarts, and no longer', async () => {
    const key = await waitingKey(directory, 'client');
    assert.equal(await waitingKey(directory, 'client'), key);
    assert.notEqual(await waitingKey(directory, 'serving'), key);
    await writePair(directory, 'client', pair);
    assert.notEqual(await waitingKey(directory, 'client'), key);
  });

  test('what cannot be used is as good as nothing', async () => {
    const other = await leaf();
    const texts = ['', 'rubbish', pair.certificate, pair.key, pair.certificate + other.key];
    for (const text of texts) {
      await writeFile(pairFile(directory, 'client'), text);
      assert.equal(await readPair(directory, 'client'), undefined);
    }
    await writeFile(join(directory, 'client.key.waiting'), 'rubbish');
    assert.match(await waitingKey(directory, 'client'), /^-----BEGIN PRIVATE KEY-----/);
  });
});

describe('a certificate', () => {
  const wanted = { commonName: 'system:node:n1', names: ['n1', '10.0.0.1', 'fd00::1'] };
  const good = { authority: authority.certificate, wanted, now };
  const cases: Record<string, { change: Partial<typeof good>; flaw: string | undefined }> = {
    'is good': { change: {}, flaw: undefined },
    'is good for less': { change: { wanted: { ...wanted, names: [] } }, flaw: undefined },
    'is another node’s': {
      change: { wanted: { ...wanted, commonName: 'system:node:n2' } },
      flaw: 'otherName',
    },
    'is for another address': { change: { wanted: { ...wanted, names: ['10.0.0.2'] } }, flaw: 'otherName' },
    'is over': { change: { now: now + 366 * day }, flaw: 'expired' },
    'has not begun': { change: { now: now - day }, flaw: 'notYetValid' },
  };
  for (const [name, { change, flaw }] of Object.entries(cases))
    test(name, () => assert.equal(flawOf(pair.certificate, { ...good, ...change }), flaw));

  test('is of another cluster', async () => {
    const { certificate } = await issueAuthority(now);
    assert.equal(flawOf(pair.certificate, { ...good, authority: certificate }), 'otherAuthority');
  });

  test('has a life', () => {
    assert.deepEqual(lifeOf(pair.certificate), { from: now - 5 * 60_000, until: now + 365 * day });
  });
});
