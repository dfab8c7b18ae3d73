/** The images that a cluster starts with: made or found, and brought to every node. */
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { UserError } from '../../lib/errors.ts';
import { ImageLayout } from '../images/layout.ts';
import { importInto, missingIn } from '../images/node-images.ts';
import {
  adoptStarterImages,
  foundStarterImages,
  makeStarterImages,
  type StarterImage,
} from '../images/starter.ts';
import { containerdPaths } from '../node/containerd-config.ts';
import { upLimits } from './limits.ts';
import type { Progress } from './progress.ts';
import type { NodePlace } from './settings.ts';

export const imageFolder = (dataDirectory: string): string => path.join(dataDirectory, 'images');

export const containerdFolder = (place: NodePlace): string => path.join(place.directory, 'containerd');

/** Made when they are not there yet: the first time on a machine takes a few seconds. */
export async function provideImages(dataDirectory: string, progress: Progress): Promise<void> {
  const folder = imageFolder(dataDirectory);
  const images = await progress.step('images', 'looking for them', async (step) => {
    await new ImageLayout(folder).removeUnfinished();
    const found = await foundStarterImages(folder);
    const provided =
      found ?? (await fromNeighbour(dataDirectory)) ?? (await makeStarterImages(folder, step.tell));
    const names = provided.map((image) => image.names[0]?.replace(/^rxmllc\/|:latest$/g, ''));
    step.result(`${names.join(', ')}${found === undefined ? '' : ': as before'}`);
    return provided;
  });
  if (images.some(({ isStandIn }) => isStandIn))
    progress.line(
      "            - some are stand-ins: Debian's packages cannot be fetched; once they can: bin/wherry image starter",
    );
}

/** Of another cluster in a folder beside this one's. */
async function fromNeighbour(dataDirectory: string): Promise<readonly StarterImage[] | undefined> {
  const parent = path.dirname(dataDirectory);
  for (const name of await readdir(parent).catch(() => [])) {
    const other = path.join(parent, name);
    if (other === dataDirectory) continue;
    const images = await adoptStarterImages(imageFolder(dataDirectory), imageFolder(other));
    if (images !== undefined) return images;
  }
  return undefined;
}

/** What the folder has and a node has not. Waits until the nodes' containerds listen. */
export async function importImages(dataDirectory: string, places: readonly NodePlace[]): Promise<void> {
  const layout = new ImageLayout(imageFolder(dataDirectory));
  const entries = await layout.entries();
  const folders = places.map(containerdFolder);
  await Promise.all(folders.map(untilListening));
  const missing = await Promise.all(folders.map((folder) => missingIn(folder, entries)));
  const wanted = entries.filter((entry) => missing.some((some) => some.includes(entry)));
  await importInto(
    folders.filter((_, index) => (missing[index] ?? []).length > 0),
    layout,
    wanted,
  );
}

async function untilListening(folder: string): Promise<void> {
  const deadline = performance.now() + upLimits.nodesMilliseconds;
  const { socket } = containerdPaths(folder);
  while (performance.now() < deadline) {
    const isThere = await access(socket).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await wait(upLimits.pollMilliseconds);
  }
  throw new UserError('NODES_FAILED', `no containerd listens at ${socket}`);
}
