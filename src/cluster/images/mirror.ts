/**
 * A read-only registry of the images in a folder (OCI distribution-spec v1.1, as far as a pull goes), for one node's
 * containerd: it is asked first, and what it does not have is asked of the registry that the name says. So pulls work as
 * usual, with imagePullPolicy Always too, where there is no registry.
 */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../../lib/log.ts';
import { ImageLayout } from './layout.ts';
import { mediaTypes } from './oci-archive.ts';

export interface Mirror {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1 only: that of the node's namespace, where no pod reaches it. */
export async function startMirror(options: {
  folder: string;
  log: Logger;
  /** 0 takes a free one. */
  port?: number;
}): Promise<Mirror> {
  const layout = new ImageLayout(options.folder);
  const server = createServer((request, response) => {
    answer(layout, request, response).catch((error: unknown) => {
      options.log.error('the image mirror failed', { url: request.url, error: String(error) });
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The text of `certs.d/_default/hosts.toml`: containerd reads it at every pull. Without `server` the name's own is next. */
export function mirrorHosts(port: number): string {
  return `[host."http://127.0.0.1:${port}"]\n  capabilities = ["pull", "resolve"]\n`;
}

async function answer(
  layout: ImageLayout,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = URL.parse(request.url ?? '', 'http://mirror');
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'UNSUPPORTED');
  if (url?.pathname === '/v2/') return void response.writeHead(200).end();
  const [, name, kind, reference] =
    /^\/v2\/([a-z0-9._/-]+)\/(manifests|blobs)\/([\w.:-]+)$/.exec(url?.pathname ?? '') ?? [];
  if (name === undefined || reference === undefined) return refuse(response, 404, 'NAME_UNKNOWN');
  const isHead = request.method === 'HEAD';
  if (kind === 'blobs') return sendBlob(layout, { digest: reference, isHead }, response);
  const registry = url?.searchParams.get('ns') ?? 'docker.io';
  return sendManifest(layout, { name: `${registry}/${name}`, reference, isHead }, response);
}

async function sendManifest(
  layout: ImageLayout,
  wanted: { name: string; reference: string; isHead: boolean },
  response: ServerResponse,
): Promise<void> {
  const digest = wanted.reference.startsWith('sha256:')
    ? wanted.reference
    : (await layout.find(`${wanted.name}:${wanted.reference}`))?.digest;
  const file = digest === undefined ? undefined : layout.blobFile(digest);
  const content = file === undefined ? undefined : await readFile(file).catch(() => undefined);
  const mediaType = content === undefined ? undefined : mediaTypeOf(content);
  if (mediaType === undefined || content === undefined) return refuse(response, 404, 'MANIFEST_UNKNOWN');
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': content.length,
    'docker-content-digest': digest,
  });
  response.end(wanted.isHead ? undefined : content);
}

/** A layer is no manifest, whatever it is asked as. */
function mediaTypeOf(content: Buffer): string | undefined {
  try {
    const { mediaType, layers, manifests } = JSON.parse(content.toString()) as Record<string, unknown>;
    if (typeof mediaType === 'string') return /manifest|index/.test(mediaType) ? mediaType : undefined;
    // The standard's own do not have to say what they are.
    if (Array.isArray(layers)) return mediaTypes.manifest;
    return Array.isArray(manifests) ? mediaTypes.index : undefined;
  } catch {
    return undefined;
  }
}

async function sendBlob(
  layout: ImageLayout,
  { digest, isHead }: { digest: string; isHead: boolean },
  response: ServerResponse,
): Promise<void> {
  const file = layout.blobFile(digest);
  const found = file === undefined ? undefined : await stat(file).catch(() => undefined);
  if (file === undefined || found === undefined) return refuse(response, 404, 'BLOB_UNKNOWN');
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': found.size,
    'docker-content-digest': digest,
  });
  if (isHead) return void response.end();
  const stream = createReadStream(file);
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const body = JSON.stringify({ errors: [{ code, message: 'this node has no such image by itself' }] });
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}
