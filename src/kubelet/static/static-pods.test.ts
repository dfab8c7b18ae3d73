import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { startTestWorld } from '../../../test/client/world.ts';
import type { Pod } from '../../kinds/generated/types.ts';
import { silentLogger } from '../../lib/log.ts';
import { StaticPods } from './static-pods.ts';

const manifest = (image: string, name = 'web') =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'web', image }] },
  });

async function world(t: TestContext) {
  const server = await startTestWorld();
  const { client, clock } = server;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-static-'));
  const node = await client.of('Node').create({ metadata: { name: 'node-1' } });
  const stopping = new AbortController();
  const running = new Map<string, Pod>();
  /** Those that are told to end, until `endAll`. */
  const ending = new Set<string>();
  const workers = {
    has: (uid: string) => running.has(uid),
    update: (pod: Pod) => void running.set(pod.metadata.uid ?? '', pod),
    remove: (uid: string) => void ending.add(uid),
  };
  const statics = new StaticPods({ folder, nodeName: 'node-1', client, clock, log: silentLogger });
  const pods = server.informers.of('Pod');
  pods.handle({
    add: (pod) => void statics.takeMirror(pod),
    update: (pod) => void statics.takeMirror(pod),
    delete: (pod) => void statics.dropMirror(pod),
  });
  server.informers.start(stopping.signal);
  const done = statics.run(workers, stopping.signal);
  t.after(async () => {
    stopping.abort();
    await done;
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    ...{ client, node, statics, running, folder },
    write: (file: string, text: string) => writeFile(path.join(folder, file), text),
    unlink: (file: string) => rm(path.join(folder, file)),
    endAll: () => {
      for (const uid of ending) running.delete(uid);
      ending.clear();
    },
    images: () => [...running.values()].map(({ spec }) => spec?.containers[0]?.image),
    mirrors: async () => (await client.of('Pod').list({ namespace: 'default' })).items,
    until: async (what: string, condition: () => boolean | Promise<boolean>) => {
      for (let seconds = 0; seconds < 5000; seconds++) {
        await server.settle();
        // The disk takes time of its own: what was asked of it before this has been answered after it.
        await readdir(folder);
        if (await condition()) return;
        clock.advance(1000);
      }
      throw new Error(
        `not in time: ${what}: ${[...running.values()].map(({ spec }) => spec?.containers[0]?.image)}`,
      );
    },
  };
}

test('a file is a pod, with a mirror on the server that the node owns', async (t) => {
  const { node, write, until, statics, running, mirrors, images } = await world(t);
  await write('web.json', manifest('nginx'));
  await until('it runs without the server', () => images().join() === 'nginx');
  assert.deepEqual(await mirrors(), []);
  statics.mirrorsAreKnown();
  await until('it is mirrored', async () => (await mirrors()).length === 1);
  const [pod] = running.values();
  const [mirror] = await mirrors();
  assert.equal(mirror?.metadata.name, 'web-node-1');
  assert.notEqual(mirror?.metadata.uid, pod?.metadata.uid);
  assert.deepEqual(
    [
      mirror?.metadata.annotations?.['kubernetes.io/config.mirror'],
      mirror?.metadata.annotations?.['kubernetes.io/config.source'],
    ],
    [pod?.metadata.uid, 'file'],
  );
  assert.deepEqual(mirror?.metadata.ownerReferences, [
    { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: node.metadata.uid, controller: true },
  ]);
  await statics.writeStatus(pod as Pod, { phase: 'Running' });
  assert.equal((await mirrors())[0]?.status?.phase, 'Running');
  await until('the worker knows', () => [...running.values()][0]?.status?.phase === 'Running');
});

test('a mirror that is deleted comes again; the pod does not notice', async (t) => {
  const { client, write, until, statics, running, mirrors } = await world(t);
  statics.mirrorsAreKnown();
  await write('web.json', manifest('nginx'));
  await until('it is mirrored', async () => (await mirrors()).length === 1);
  const [before] = await mirrors();
  const [uid] = running.keys();
  await client.of('Pod').delete({ namespace: 'default', name: 'web-node-1' });
  await until('there is another mirror', async () => {
    const [now] = await mirrors();
    return now !== undefined && now.metadata.uid !== before?.metadata.uid;
  });
  assert.deepEqual([...running.keys()], [uid]);
});

test('a file that changes is another pod, once the old one has ended; a file that goes ends its pod', async (t) => {
  const { write, unlink, until, statics, images, endAll, mirrors } = await world(t);
  statics.mirrorsAreKnown();
  await write('web.json', manifest('nginx'));
  await until('it is mirrored', async () => (await mirrors()).length === 1);
  await write('web.json', manifest('httpd'));
  await until(
    'the mirror is the new one',
    async () => (await mirrors())[0]?.spec?.containers[0]?.image === 'httpd',
  );
  assert.deepEqual(images(), ['nginx']);
  endAll();
  await until('the new one runs', () => images().join() === 'httpd');
  await unlink('web.json');
  await until('the mirror is gone', async () => (await mirrors()).length === 0);
  await until('the pod ends', () => {
    endAll();
    return images().length === 0;
  });
});

test('a bad file stops nothing: neither its own pod nor another', async (t) => {
  const { write, until, images } = await world(t);
  await write('a.json', manifest('nginx', 'a'));
  await until('it runs', () => images().join() === 'nginx');
  await write('a.json', '{ this is no');
  await write('b.json', manifest('httpd', 'b'));
  await write('.hidden.json', manifest('busybox', 'c'));
  await until('the other runs too', () => images().join() === 'nginx,httpd');
  await write('a.json', manifest('nginx', 'a'));
  await until('all is as it was', () => images().join() === 'nginx,httpd');
});

test('a pipe in the folder holds nobody up', async (t) => {
  const { folder, write, until, images } = await world(t);
  execFileSync('mkfifo', [path.join(folder, 'a-pipe')]);
  await write('web.json', manifest('a:1'));
  await until('the pod runs', () => images().join() === 'a:1');
});
