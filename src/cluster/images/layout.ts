/**
 * Images in a folder, as an OCI image layout (image-spec v1.1): content under its digest, and an index of names. Every
 * node's registry is served from it, and whole archives are cut out of it.
 */
import { copyFile, link, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readFileIfAny } from '../files.ts';
import {
  type Blob,
  type Descriptor,
  descriptorOf,
  type ImageContent,
  type IndexEntry,
  imageBlobs,
  indexEntry,
  layoutFile,
  mediaTypes,
  nameAnnotation,
} from './oci-archive.ts';

export interface Manifest {
  readonly mediaType?: string;
  /** Of an index. */
  readonly manifests?: readonly IndexEntry[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

export class ImageLayout {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Undefined for what is no digest. */
  blobFile(digest: string): string | undefined {
    const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
    return hex === undefined ? undefined : path.join(this.folder, 'blobs/sha256', hex);
  }

  /** Names with what each is, in the order in which they came. */
  async entries(): Promise<IndexEntry[]> {
    const text = await readFileIfAny(path.join(this.folder, 'index.json'));
    return text === undefined ? [] : (JSON.parse(text) as { manifests: IndexEntry[] }).manifests;
  }

  /** By its whole name: `docker.io/library/nginx:latest`. */
  async find(name: string): Promise<IndexEntry | undefined> {
    return (await this.entries()).find((entry) => nameOf(entry) === name);
  }

  async has(digest: string): Promise<boolean> {
    const file = this.blobFile(digest);
    return file !== undefined && (await stat(file).catch(() => undefined)) !== undefined;
  }

  /** The digests of everything that these manifests (or indexes of manifests) are made of, themselves included. */
  async contentOf(digests: readonly string[]): Promise<string[]> {
    const found = new Set<string>();
    const waiting = [...digests];
    for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
      if (found.has(digest)) continue;
      found.add(digest);
      const manifest = await this.readManifest(digest);
      waiting.push(...(manifest?.manifests ?? []).map((each) => each.digest));
      for (const part of [manifest?.config, ...(manifest?.layers ?? [])])
        if (part !== undefined) found.add(part.digest);
    }
    return [...found];
  }

  async readManifest(digest: string): Promise<Manifest | undefined> {
    const text = await readFileIfAny(this.blobFile(digest) ?? '');
    return text === undefined ? undefined : (JSON.parse(text) as Manifest);
  }

  /** A name that was there before means the new image from now on. */
  async add(image: ImageContent): Promise<Descriptor> {
    const blobs = imageBlobs(image);
    for (const blob of blobs) await this.addBlob(blob);
    const manifest = descriptorOf(mediaTypes.manifest, blobs[0]);
    const platform = { architecture: image.architecture, os: 'linux' };
    await this.addNames(image.names.map((name) => indexEntry(name, manifest, platform)));
    return manifest;
  }

  async addBlob({ digest, content }: Blob): Promise<void> {
    if (await this.has(`sha256:${digest}`)) return;
    const file = this.blobFile(`sha256:${digest}`) as string;
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(`${file}.new`, content);
    await rename(`${file}.new`, file);
  }

  /** From another folder: content under its digest never changes, so one file is enough for both. */
  async takeBlob(source: ImageLayout, digest: string): Promise<void> {
    const [from, to] = [source.blobFile(digest), this.blobFile(digest)];
    if (from === undefined || to === undefined || (await this.has(digest))) return;
    await mkdir(path.dirname(to), { recursive: true });
    await link(from, to).catch(() => copyFile(from, to));
  }

  async addNames(entries: readonly IndexEntry[]): Promise<void> {
    const names = new Set(entries.map(nameOf));
    const kept = (await this.entries()).filter((entry) => !names.has(nameOf(entry)));
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [...kept, ...entries] };
    await mkdir(this.folder, { recursive: true });
    const file = path.join(this.folder, 'index.json');
    await writeFile(path.join(this.folder, layoutFile.path), layoutFile.content);
    await writeFile(`${file}.new`, `${JSON.stringify(index, null, 2)}\n`);
    await rename(`${file}.new`, file);
  }

  /** What loads and imports left that were killed; while nobody else writes here. */
  async removeUnfinished(): Promise<void> {
    for (const name of await readdir(this.folder).catch(() => []))
      if (/^(load|import)-/.test(name))
        await rm(path.join(this.folder, name), { recursive: true, force: true });
    const blobs = path.join(this.folder, 'blobs/sha256');
    for (const name of await readdir(blobs).catch(() => []))
      if (name.endsWith('.new')) await rm(path.join(blobs, name), { force: true });
  }
}

export const nameOf = ({ annotations }: IndexEntry): string => annotations?.[nameAnnotation] ?? '';
