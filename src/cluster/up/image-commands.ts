/** What `wherry image` does. */
import { UserError } from '../../lib/errors.ts';
import { ImageLayout } from '../images/layout.ts';
import { loadArchive } from '../images/load.ts';
import { makeStarterImages, type StarterImage } from '../images/starter.ts';
import { containerdPaths } from '../node/containerd-config.ts';
import { commandFor } from './hint.ts';
import { containerdFolder, imageFolder, importImages } from './images.ts';
import { withLock } from './lock.ts';
import { processesWithArgument } from './processes.ts';
import type { Progress } from './progress.ts';
import { type NodePlace, nodePlaces } from './settings.ts';
import { readState } from './state.ts';

/** Resolves to the images' names, and on how many nodes they are now. Throws NOT_AN_IMAGE, NO_CLUSTER. */
export async function loadIntoCluster(
  file: string,
  { name, dataDirectory }: { name: string; dataDirectory: string },
  progress: Progress,
): Promise<{ names: readonly string[]; nodes: number }> {
  const state = await readState(dataDirectory);
  if (state === undefined || state.settings.mode === 'loopback')
    throw new UserError(
      'NO_CLUSTER',
      state === undefined
        ? `there is no cluster ${name} in ${dataDirectory}; make it with: ${commandFor('up', { name, dataDirectory })}`
        : `cluster ${name} is a loopback cluster: its pods are simulated and have no images`,
    );
  return withLock(dataDirectory, () =>
    progress.step('loading', file, async (step) => {
      const layout = new ImageLayout(imageFolder(dataDirectory));
      const names = await loadArchive(file, layout);
      const running = await runningNodes(dataDirectory);
      step.tell(`${names.join(', ')} to ${running.length} nodes`);
      await importImages(dataDirectory, running);
      step.result(`${names.length} ${names.length === 1 ? 'image' : 'images'}`);
      return { names, nodes: running.length };
    }),
  );
}

/** Makes them anew, also where they are there already. */
export function remakeStarter(dataDirectory: string, progress: Progress): Promise<readonly StarterImage[]> {
  return withLock(dataDirectory, () =>
    progress.step('images', 'fetching packages', async (step) => {
      const images = await makeStarterImages(imageFolder(dataDirectory), step.tell);
      const running = await runningNodes(dataDirectory);
      await importImages(dataDirectory, running);
      step.result(`${images.length} images in ${imageFolder(dataDirectory)}`);
      return images;
    }),
  );
}

async function runningNodes(dataDirectory: string): Promise<NodePlace[]> {
  const state = await readState(dataDirectory);
  if (state?.settings.mode !== 'containers') return [];
  const places = nodePlaces(state.settings, dataDirectory);
  const running = await Promise.all(
    places.map((place) => processesWithArgument(containerdPaths(containerdFolder(place)).config)),
  );
  return places.filter((_, index) => (running[index] ?? []).length > 0);
}
