/** `wherry image`: images for every node of a cluster on this machine, where no registry is at hand. */
import type { Command } from 'commander';
import { makeProgress, placeOf, type RawPlace, withPlace } from './up.ts';

export function addImageCommands(program: Command, finish: (code: number) => void): void {
  const image = program
    .command('image')
    .description("images for a cluster's nodes, without a registry")
    .helpCommand(false);
  withPlace(image.command('load'))
    .description('bring the images of an archive to every node')
    .argument('<file>', 'what docker save or podman save wrote, or an OCI image layout in a tar archive')
    .action(async (file: string, raw: RawPlace) => finish(await loadImages(file, raw)));
  withPlace(image.command('starter'))
    .description('make the images that lessons use from Debian packages: busybox, nginx, httpd, hostinfo')
    .action(async (raw: RawPlace) => finish(await makeStarter(raw)));
}

async function loadImages(file: string, raw: RawPlace): Promise<number> {
  const { name, dataDirectory } = await placeOf(raw);
  const { loadIntoCluster } = await import('../../cluster/up/image-commands.ts');
  const { names, nodes } = await loadIntoCluster(file, { name, dataDirectory }, await makeProgress());
  for (const each of names) process.stdout.write(`${each}\n`);
  process.stdout.write(
    nodes === 0
      ? 'no node runs: they get them at the next up\n'
      : `on ${nodes} ${nodes === 1 ? 'node' : 'nodes'}\n`,
  );
  return 0;
}

async function makeStarter(raw: RawPlace): Promise<number> {
  const { dataDirectory } = await placeOf(raw);
  const { remakeStarter } = await import('../../cluster/up/image-commands.ts');
  const images = await remakeStarter(dataDirectory, await makeProgress());
  const width = Math.max(...images.map(({ names }) => names.join(', ').length));
  for (const { names, made, isStandIn } of images)
    process.stdout.write(`  ${names.join(', ').padEnd(width)}  ${isStandIn ? 'stand-in: ' : ''}${made}\n`);
  if (images.some(({ isStandIn }) => isStandIn))
    process.stdout.write("  Debian's packages could not be fetched: apt-get update tells why\n");
  return 0;
}
