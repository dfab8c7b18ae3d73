/**
 * Images as OCI archives (image-spec v1.1: an image layout in a tar), which `ctr images import` reads. One manifest for
 * one platform; every name it is to have is an entry of the index.
 */
import { createHash } from 'node:crypto';
import { type TarEntry, writeTar } from './tar.ts';

export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** `NAME=value` */
  readonly env?: readonly string[];
  readonly workingDir?: string;
  /** `80/tcp` */
  readonly exposedPorts?: readonly string[];
  readonly user?: string;
  /** How it likes to be asked to end: `SIGQUIT`. */
  readonly stopSignal?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ImageContent {
  /** Whole references with tag: `docker.io/library/busybox:latest`. */
  readonly names: readonly string[];
  /** As the image format names it: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly config: ImageConfig;
  /** From the lowest layer up. */
  readonly layers: readonly (readonly TarEntry[])[];
}

export interface Blob {
  readonly digest: string;
  readonly content: Buffer;
}

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

/** Node's name of a processor to the image format's (Go's). */
export function imageArchitecture(nodeArchitecture: string): string {
  return { x64: 'amd64', ia32: '386' }[nodeArchitecture] ?? nodeArchitecture;
}

/** Everything of an image that is named by its content; the manifest comes first. */
export function imageBlobs(image: ImageContent): readonly [Blob, ...Blob[]] {
  const layers = image.layers.map((entries) => blobOf(writeTar(entries)));
  const config = blobOf(jsonOf(configOf(image, layers)));
  const manifest = blobOf(
    jsonOf({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptorOf(mediaTypes.config, config),
      layers: layers.map((layer) => descriptorOf(mediaTypes.layer, layer)),
    }),
  );
  return [manifest, config, ...layers];
}

/** What containerd names an image by. */
export const nameAnnotation = 'io.containerd.image.name';

/** A name in an index. The first annotation is containerd's, the second the standard's. */
export function indexEntry(
  name: string,
  manifest: Descriptor,
  platform?: { architecture: string; os: string },
): IndexEntry {
  return {
    ...manifest,
    ...(platform === undefined ? {} : { platform }),
    annotations: {
      [nameAnnotation]: name,
      'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1),
    },
  };
}

export const layoutFile: TarEntry & { type: 'file' } = {
  type: 'file',
  path: 'oci-layout',
  content: JSON.stringify({ imageLayoutVersion: '1.0.0' }),
};

export function writeOciArchive(image: ImageContent): Buffer {
  const all = imageBlobs(image);
  const [manifest] = all;
  const platform = { architecture: image.architecture, os: 'linux' };
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: image.names.map((name) =>
      indexEntry(name, descriptorOf(mediaTypes.manifest, manifest), platform),
    ),
  };
  const blobs = new Map(all.map((blob) => [blob.digest, blob]));
  return writeTar([
    layoutFile,
    { type: 'file', path: 'index.json', content: jsonOf(index) },
    { type: 'folder', path: 'blobs' },
    { type: 'folder', path: 'blobs/sha256' },
    ...[...blobs.values()].map(
      ({ digest, content }): TarEntry => ({ type: 'file', path: `blobs/sha256/${digest}`, content }),
    ),
  ]);
}

function configOf({ architecture, config }: ImageContent, layers: readonly Blob[]): object {
  const ports = config.exposedPorts?.map((port) => [port, {}]);
  return {
    created: '1970-01-01T00:00:00Z',
    architecture,
    os: 'linux',
    config: {
      User: config.user,
      ExposedPorts: ports === undefined ? undefined : Object.fromEntries(ports),
      Env: config.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      Entrypoint: config.entrypoint,
      Cmd: config.command,
      WorkingDir: config.workingDir,
      StopSignal: config.stopSignal,
      Labels: config.labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
    history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'wherry' })),
  };
}

const jsonOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export const blobOf = (content: Buffer): Blob => ({
  digest: createHash('sha256').update(content).digest('hex'),
  content,
});

export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly size: number;
}

export interface IndexEntry extends Descriptor {
  readonly platform?: { readonly architecture: string; readonly os: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export const descriptorOf = (mediaType: string, { digest, content }: Blob): Descriptor => ({
  mediaType,
  digest: `sha256:${digest}`,
  size: content.length,
});
