import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { silentLogger } from '../../lib/log.ts';
import { ImageLayout } from './layout.ts';
import { loadArchive } from './load.ts';
import { mirrorHosts, startMirror } from './mirror.ts';
import { blobOf, type ImageContent, writeOciArchive } from './oci-archive.ts';
import { type TarEntry, writeTar } from './tar.ts';
import { readTarIndex } from './tar-reader.ts';

let folder: string;
let layout: ImageLayout;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'wherry-load-'));
  layout = new ImageLayout(path.join(folder, 'images'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const image: ImageContent = {
  names: ['docker.io/library/web:1', 'docker.io/library/web:latest'],
  architecture: 'amd64',
  config: { command: ['web'] },
  layers: [[{ type: 'file', path: 'web', content: 'web\n' }]],
};

const file = (path: string, content: string | Buffer): TarEntry => ({ type: 'file', path, content });

async function load(content: Buffer): Promise<string[]> {
  const archive = path.join(folder, 'archive.tar');
  await writeFile(archive, content);
  return loadArchive(archive, layout);
}

/** As `docker save` has it. */
function dockerArchive(layer: Buffer, changes: { diffId?: string; tags?: string[] | null } = {}): Buffer {
  const config = {
    architecture: 'amd64',
    os: 'linux',
    rootfs: { diff_ids: [changes.diffId ?? idOf(layer)] },
  };
  const tags = changes.tags === undefined ? ['web:1'] : changes.tags;
  return writeTar([
    file('config.json', JSON.stringify(config)),
    file('abc/layer.tar', layer),
    file(
      'manifest.json',
      JSON.stringify([{ Config: 'config.json', RepoTags: tags, Layers: ['abc/layer.tar'] }]),
    ),
  ]);
}

const idOf = (content: Buffer): string => `sha256:${blobOf(content).digest}`;
const layer = writeTar([file('web', 'web\n')]);

describe('loading', () => {
  test('an OCI layout, also compressed, gives its names', async () => {
    assert.deepEqual(await load(writeOciArchive(image)), [...image.names]);
    assert.deepEqual(await load(gzipSync(writeOciArchive(image))), [...image.names]);
    const entry = await layout.find('docker.io/library/web:1');
    assert.equal((await layout.contentOf([entry?.digest ?? ''])).length, 3);
    assert.deepEqual((await readdir(layout.folder)).sort(), ['blobs', 'index.json', 'oci-layout']);
  });

  test('a docker archive becomes an image of the standard', async () => {
    assert.deepEqual(await load(dockerArchive(layer)), ['docker.io/library/web:1']);
    const entry = await layout.find('docker.io/library/web:1');
    const manifest = await layout.readManifest(entry?.digest ?? '');
    assert.deepEqual(manifest?.layers, [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: idOf(layer), size: layer.length },
    ]);
    const packed = gzipSync(layer);
    await load(dockerArchive(packed, { diffId: idOf(layer), tags: ['web:2'] }));
    const second = await layout.readManifest((await layout.find('docker.io/library/web:2'))?.digest ?? '');
    assert.deepEqual(
      second?.layers?.map(({ mediaType }) => mediaType),
      ['application/vnd.oci.image.layer.v1.tar+gzip'],
    );
  });

  const broken: Record<string, [Buffer, RegExp]> = {
    'no archive': [
      Buffer.alloc(2048, 7),
      /it is no tar archive, or a broken one; wanted is what `docker save`/,
    ],
    'an empty file': [Buffer.alloc(0), /it is no tar archive, or there are no files in it/],
    'half an archive': [writeOciArchive(image).subarray(0, 1200), /it ends in the middle of/],
    'broken compression': [gzipSync(layer).subarray(0, 30), /it cannot be decompressed/],
    'no image': [writeTar([file('hello', 'x')]), /it has neither an index\.json nor a manifest\.json/],
    'no JSON': [writeTar([file('index.json', '{')]), /its index\.json is not JSON/],
    'an index of nothing': [writeTar([file('index.json', '{}')]), /its index\.json names no image/],
    'no name': [dockerArchive(layer, { tags: null }), /an image in it has no name/],
    'a bad name': [dockerArchive(layer, { tags: ['Web:1'] }), /Web:1 is no name of an image/],
    'a layer that was changed': [dockerArchive(layer, { diffId: 'sha256:00' }), /abc\/layer\.tar is broken/],
    'a digest that is a path': [
      writeTar([
        file(
          'index.json',
          JSON.stringify({
            manifests: [{ digest: '../../x', annotations: { 'io.containerd.image.name': 'web:1' } }],
          }),
        ),
      ]),
      /it names content as "\.\.\/\.\.\/x"/,
    ],
  };
  for (const [name, [content, message]] of Object.entries(broken))
    test(`${name} is refused, and no name is given`, async () => {
      await assert.rejects(load(content), { code: 'NOT_AN_IMAGE', message });
      assert.deepEqual(await layout.entries(), []);
    });

  test('a file that is not there is told so', () =>
    assert.rejects(loadArchive(path.join(folder, 'none.tar'), layout), /there is no such file/));

  test('long names and links are read as tar has them', async () => {
    const long = `${'folder-with-a-long-name/'.repeat(5)}file`;
    const archive = path.join(folder, 'x.tar');
    await writeFile(
      archive,
      writeTar([file(long, 'x'), { type: 'symlink', path: 'a/b', target: '../c' }, file('c', 'yy')]),
    );
    const { entries } = await readTarIndex(archive);
    assert.deepEqual(
      [...entries].map(([name, { size }]) => [name, size]),
      [
        [long, 1],
        ['c', 2],
        ['a/b', 2],
      ],
    );
  });
});

describe('the mirror', () => {
  const ask = (port: number, url: string, method = 'GET') =>
    new Promise<{ status: number; type?: string; digest?: unknown; body: string }>((resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path: url, method }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'],
            digest: response.headers['docker-content-digest'],
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
      asked.on('error', reject);
      asked.end();
    });

  test('serves what is there, and refuses the rest', async (t) => {
    await layout.add(image);
    const { port, close } = await startMirror({ folder: layout.folder, log: silentLogger });
    t.after(close);
    assert.equal(mirrorHosts(5000), '[host."http://127.0.0.1:5000"]\n  capabilities = ["pull", "resolve"]\n');
    assert.equal((await ask(port, '/v2/')).status, 200);
    const resolved = await ask(port, '/v2/library/web/manifests/1?ns=docker.io', 'HEAD');
    assert.equal(resolved.status, 200);
    assert.equal(resolved.type, 'application/vnd.oci.image.manifest.v1+json');
    const manifest = await ask(port, `/v2/library/web/manifests/${String(resolved.digest)}?ns=docker.io`);
    const { config } = JSON.parse(manifest.body) as { config: { digest: string } };
    const blob = await ask(port, `/v2/library/web/blobs/${config.digest}?ns=docker.io`);
    assert.equal(blob.body, await readFile(layout.blobFile(config.digest) as string, 'utf8'));
    const refusals: Record<string, [string, string?]> = {
      'another tag': ['/v2/library/web/manifests/2?ns=docker.io'],
      'another registry': ['/v2/library/web/manifests/1?ns=example.org'],
      'a blob as a manifest': [`/v2/library/web/manifests/${idOf(layer)}`],
      'a blob that is not there': [`/v2/library/web/blobs/sha256:${'0'.repeat(64)}`],
      'a path out of the folder': ['/v2/library/web/blobs/..%2f..%2findex.json'],
    };
    for (const [name, [url]] of Object.entries(refusals))
      assert.equal((await ask(port, url)).status, 404, name);
    assert.equal((await ask(port, '/v2/library/web/blobs/uploads/', 'POST')).status, 405);
  });
});
