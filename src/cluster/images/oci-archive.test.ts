import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { imageArchitecture, writeOciArchive } from './oci-archive.ts';
import { writeTar } from './tar.ts';

const readIn = (archive: Buffer, file: string): Buffer =>
  spawnSync('tar', ['--extract', '--to-stdout', '--file', '-', file], { input: archive }).stdout;

const jsonIn = (archive: Buffer, file: string): unknown => JSON.parse(String(readIn(archive, file)));

interface Descriptor {
  digest: string;
  size: number;
}

test('an archive is an image layout whose digests hold', () => {
  const layer = [{ type: 'file', path: 'hello', content: 'hello\n' } as const];
  const archive = writeOciArchive({
    names: ['wherry.local/hello:1', 'wherry.local/hello:2'],
    architecture: 'amd64',
    config: { entrypoint: ['/hello'], exposedPorts: ['80/tcp'], workingDir: '/' },
    layers: [layer, layer],
  });
  assert.deepEqual(jsonIn(archive, 'oci-layout'), { imageLayoutVersion: '1.0.0' });
  const index = jsonIn(archive, 'index.json') as { manifests: (Descriptor & { annotations: object })[] };
  assert.deepEqual(
    index.manifests.map(({ annotations }) => annotations),
    ['1', '2'].map((tag) => ({
      'io.containerd.image.name': `wherry.local/hello:${tag}`,
      'org.opencontainers.image.ref.name': tag,
    })),
  );
  const blob = ({ digest, size }: Descriptor): Buffer => {
    const content = readIn(archive, `blobs/${digest.replace(':', '/')}`);
    assert.equal(content.length, size);
    assert.equal(`sha256:${createHash('sha256').update(content).digest('hex')}`, digest);
    return content;
  };
  const manifest = JSON.parse(String(blob(index.manifests[0] as Descriptor))) as {
    config: Descriptor;
    layers: Descriptor[];
  };
  assert.deepEqual(manifest.layers.map(blob), [writeTar(layer), writeTar(layer)]);
  const config = JSON.parse(String(blob(manifest.config))) as Record<string, unknown>;
  assert.deepEqual(config, {
    created: '1970-01-01T00:00:00Z',
    architecture: 'amd64',
    os: 'linux',
    config: {
      ExposedPorts: { '80/tcp': {} },
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Entrypoint: ['/hello'],
      WorkingDir: '/',
    },
    rootfs: { type: 'layers', diff_ids: manifest.layers.map(({ digest }) => digest) },
    history: [0, 1].map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'wherry' })),
  });
});

test('architectures', () => {
  assert.deepEqual(['x64', 'arm64', 'ia32'].map(imageArchitecture), ['amd64', 'arm64', '386']);
});
