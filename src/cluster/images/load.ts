/**
 * Brings the images of an archive into an image folder: a docker archive (`manifest.json`) or an OCI image layout
 * (`index.json`). Everything is checked before a name is given to it.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { ImageLayout, Manifest } from './layout.ts';
import { wholeName } from './names.ts';
import {
  blobOf,
  type Descriptor,
  descriptorOf,
  type IndexEntry,
  indexEntry,
  mediaTypes,
  nameAnnotation,
} from './oci-archive.ts';
import { notAnImage, readEntry, readTarIndex, streamEntry, type TarIndex } from './tar-reader.ts';

/** Manifests, configurations and indexes; layers have no bound. */
const documentBytesMax = 4 * 1024 * 1024;

/** Resolves to the names that were loaded. Throws NOT_AN_IMAGE. */
export async function loadArchive(file: string, layout: ImageLayout): Promise<string[]> {
  await mkdir(layout.folder, { recursive: true });
  const scratch = await mkdtemp(path.join(layout.folder, 'load-'));
  try {
    const tar = await readTarIndex(await unpacked(file, scratch), file);
    const source = { tar, layout, file, scratch };
    const entries = tar.entries.has('index.json') ? await loadLayout(source) : await loadDocker(source);
    await layout.addNames(entries.map(({ entry }) => entry));
    return entries.map(({ name }) => name);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Source {
  readonly tar: TarIndex;
  readonly layout: ImageLayout;
  /** As the person named it. */
  readonly file: string;
  readonly scratch: string;
}

interface Loaded {
  readonly name: string;
  readonly entry: IndexEntry;
}

/** Source: RFC 1952, section 2.3.1. */
async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0).finally(() => handle.close());
  return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'this user may not read it',
};

/** The file itself, or what is in it when it is compressed. */
async function unpacked(file: string, scratch: string): Promise<string> {
  const isCompressed = await isGzip(file).catch((failure: NodeJS.ErrnoException) => {
    throw notAnImage(file, reasons[failure.code ?? ''] ?? failure.message);
  });
  if (!isCompressed) return file;
  const plain = path.join(scratch, 'plain.tar');
  await pipeline(createReadStream(file), createGunzip(), createWriteStream(plain)).catch((failure: Error) => {
    throw notAnImage(file, `it cannot be decompressed: ${failure.message}`);
  });
  return plain;
}

const bad = (source: Source, why: string) => notAnImage(source.file, why);

async function readJson<Type>(source: Source, name: string): Promise<Type> {
  const content = await readEntry(source.tar, name, documentBytesMax);
  if (content === undefined) throw bad(source, `there is no ${name} in it`);
  try {
    return JSON.parse(content.toString()) as Type;
  } catch {
    throw bad(source, `its ${name} is not JSON`);
  }
}

async function loadLayout(source: Source): Promise<Loaded[]> {
  const index = await readJson<Manifest>(source, 'index.json');
  const manifests = Array.isArray(index.manifests) ? (index.manifests as IndexEntry[]) : [];
  if (manifests.length === 0) throw bad(source, 'its index.json names no image');
  const loaded: Loaded[] = [];
  for (const each of manifests) {
    const given = nameIn(each);
    const name = given === undefined ? undefined : wholeName(given);
    if (name === undefined)
      throw bad(
        source,
        `an image in it has ${given === undefined ? 'no name' : `the name ${JSON.stringify(given)}`}, wanted is one like docker.io/library/web:1`,
      );
    await loadContent(source, each.digest);
    const { mediaType, digest, size, platform } = each;
    loaded.push({ name, entry: indexEntry(name, { mediaType, digest, size }, platform) });
  }
  return loaded;
}

/** Some write a tag alone where the standard has a name: that says too little. */
function nameIn({ annotations = {} }: IndexEntry): string | undefined {
  const reference = annotations['org.opencontainers.image.ref.name'];
  return annotations[nameAnnotation] ?? (/[/:]/.test(reference ?? '') ? reference : undefined);
}

/** A manifest, or an index of some for several platforms, with everything that it names. */
async function loadContent(source: Source, digest: string): Promise<void> {
  await loadBlob(source, digest);
  const manifest = await source.layout.readManifest(digest);
  // Of several platforms' only those that are in the archive.
  for (const each of manifest?.manifests ?? [])
    if (source.tar.entries.has(blobPath(each.digest))) await loadContent(source, each.digest);
  for (const part of [manifest?.config, ...(manifest?.layers ?? [])])
    if (part !== undefined) await loadBlob(source, part.digest);
}

const blobPath = (digest: string): string => `blobs/${String(digest).replace(':', '/')}`;

async function loadBlob(source: Source, digest: string): Promise<void> {
  if (await source.layout.has(digest)) return;
  if (source.layout.blobFile(digest) === undefined)
    throw bad(source, `it names content as ${JSON.stringify(digest)}, wanted is sha256 and 64 digits`);
  const found = await store(source, blobPath(digest));
  if (found.digest !== digest)
    throw bad(source, `${blobPath(digest)} is broken: its content is ${found.digest}`);
}

/** Copies a file of the archive under its digest. */
async function store(source: Source, name: string): Promise<{ digest: string; size: number }> {
  const temporary = path.join(source.scratch, 'blob');
  const hash = createHash('sha256');
  let size = 0;
  const measured = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  };
  if (!source.tar.entries.has(name)) throw bad(source, `there is no ${name} in it`);
  await pipeline(streamEntry(source.tar, name), measured, createWriteStream(temporary));
  const digest = `sha256:${hash.digest('hex')}`;
  const target = source.layout.blobFile(digest) as string;
  await mkdir(path.dirname(target), { recursive: true });
  await rename(temporary, target);
  return { digest, size };
}

/** Of what is in a compressed layer: configurations name layers by that. */
async function plainDigest(source: Source, digest: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(source.layout.blobFile(digest) as string), createGunzip(), hash).catch(
    (failure: Error) => {
      throw bad(source, `a layer in it cannot be decompressed: ${failure.message}`);
    },
  );
  return `sha256:${hash.digest('hex')}`;
}

interface DockerImage {
  readonly Config?: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers?: readonly string[];
}

interface DockerConfig {
  readonly architecture?: string;
  readonly os?: string;
  readonly rootfs?: { readonly diff_ids?: readonly string[] };
}

async function loadDocker(source: Source): Promise<Loaded[]> {
  if (!source.tar.entries.has('manifest.json'))
    throw bad(source, 'it has neither an index.json nor a manifest.json');
  const images = await readJson<DockerImage[]>(source, 'manifest.json');
  if (!Array.isArray(images) || images.length === 0) throw bad(source, 'its manifest.json names no image');
  const loaded: Loaded[] = [];
  for (const image of images) loaded.push(...(await loadDockerImage(source, image)));
  return loaded;
}

async function loadDockerImage(source: Source, image: DockerImage): Promise<Loaded[]> {
  const { Config: configName = '', RepoTags: tags, Layers: layerNames = [] } = image;
  const names = (tags ?? []).map((tag) => wholeName(tag));
  if (names.length === 0) throw bad(source, 'an image in it has no name: save it by its name, not by its id');
  const config = await readJson<DockerConfig>(source, configName);
  const stored = await store(source, configName);
  const layers: Descriptor[] = [];
  for (const [index, name] of layerNames.entries()) {
    const { digest, size } = await store(source, name);
    const isCompressed = await isGzip(source.layout.blobFile(digest) as string);
    const plain = isCompressed ? await plainDigest(source, digest) : digest;
    if (config.rootfs?.diff_ids?.[index] !== plain)
      throw bad(source, `${name} is broken: its content is ${plain}, not what ${configName} says`);
    layers.push({ mediaType: `${mediaTypes.layer}${isCompressed ? '+gzip' : ''}`, digest, size });
  }
  const manifest = blobOf(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.manifest,
        config: { mediaType: mediaTypes.config, ...stored },
        layers,
      }),
    ),
  );
  await source.layout.addBlob(manifest);
  const platform = { architecture: config.architecture ?? 'unknown', os: config.os ?? 'linux' };
  return names.map((name) => {
    if (name === undefined) throw bad(source, `${tags?.join(', ')} is no name of an image`);
    return { name, entry: indexEntry(name, descriptorOf(mediaTypes.manifest, manifest), platform) };
  });
}
