/** Images of the folder into a node's containerd, so that they are there before anybody asks for them. */
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../node/command.ts';
import { containerdPaths } from '../node/containerd-config.ts';
import { type ImageLayout, nameOf } from './layout.ts';
import { type IndexEntry, layoutFile, mediaTypes } from './oci-archive.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

/** containerd's namespace of what Kubernetes runs. */
const containerdCommand = (folder: string, ...args: readonly string[]): string[] => [
  ...['--address', containerdPaths(folder).socket, '--namespace', 'k8s.io'],
  ...args,
];

/** The named images that this containerd does not have, or has as something else. */
export async function missingIn(folder: string, entries: readonly IndexEntry[]): Promise<IndexEntry[]> {
  const text = await runCommand('ctr', containerdCommand(folder, 'images', 'list'));
  const known = new Map(
    text
      .split('\n')
      .slice(1)
      .map((line) => line.split(/\s+/))
      .map(([name = '', , digest = '']) => [name, digest]),
  );
  return entries.filter((entry) => known.get(nameOf(entry)) !== entry.digest);
}

/** Into each of these containerds; throws COMMAND_FAILED with what containerd says. */
export async function importInto(
  folders: readonly string[],
  layout: ImageLayout,
  entries: readonly IndexEntry[],
): Promise<void> {
  if (entries.length === 0 || folders.length === 0) return;
  const scratch = await mkdtemp(path.join(layout.folder, 'import-'));
  try {
    const archive = path.join(scratch, 'images.tar');
    await writeArchive(archive, layout, entries);
    await Promise.all(
      folders.map((folder) => runCommand('ctr', containerdCommand(folder, 'images', 'import', archive))),
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** An image layout as a tar, piece by piece: layers may be larger than memory. */
async function writeArchive(
  file: string,
  layout: ImageLayout,
  entries: readonly IndexEntry[],
): Promise<void> {
  const index = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: entries });
  const handle = await open(file, 'w');
  try {
    for (const [name, text] of [
      [layoutFile.path, String(layoutFile.content)],
      ['index.json', index],
    ] as const) {
      await handle.write(tarHeader(name, Buffer.byteLength(text)));
      await handle.write(text);
      await handle.write(tarPadding(Buffer.byteLength(text)));
    }
    for (const digest of await layout.contentOf(entries.map((entry) => entry.digest))) {
      const blob = layout.blobFile(digest) as string;
      const { size } = await stat(blob);
      await handle.write(tarHeader(`blobs/${digest.replace(':', '/')}`, size));
      for await (const chunk of createReadStream(blob)) await handle.write(chunk as Buffer);
      await handle.write(tarPadding(size));
    }
    await handle.write(tarEnd);
  } finally {
    await handle.close();
  }
}
