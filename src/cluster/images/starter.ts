/**
 * The images that lessons use, under the names that lessons give them. Made once for an image folder, and again when
 * their recipe here is a newer one.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readFileIfAny } from '../files.ts';
import { pauseContent, pauseImage } from './from-debian.ts';
import { ImageLayout, nameOf } from './layout.ts';
import { type ImageConfig, imageArchitecture } from './oci-archive.ts';
import { baseLayer, hostinfoLayer, httpdLayer, type Layer, nginxLayer } from './starter-layers.ts';
import type { TarEntry } from './tar.ts';

/** To be raised with every change of what the images are made of. */
const recipe = 4;

export interface StarterImage {
  readonly names: readonly string[];
  /** Of what. */
  readonly made: string;
  /** Something smaller, because a package could not be fetched. */
  readonly isStandIn: boolean;
}

const hub = (name: string): string => `docker.io/${name.includes('/') ? '' : 'library/'}${name}`;

/** Names of every image that there will be; the sandbox's is among them. */
const starterNames: readonly string[] = [
  pauseImage,
  ...[
    'busybox:latest',
    'busybox:1.27',
    'nginx:latest',
    'httpd:latest',
    'rxmllc/hostinfo:alpine',
    'rxmllc/hostinfo:latest',
    // A lesson's own spelling.
    'rxmlhc/hostinfo:alpine',
    'rxmlhc/hostinfo:latest',
  ].map(hub),
];

interface Recorded {
  readonly recipe: number;
  readonly images: readonly StarterImage[];
}

const recordFile = (folder: string): string => path.join(folder, 'starter.json');

/** What was made for this folder, if that is still how it is made and all of it is there. */
export async function foundStarterImages(folder: string): Promise<readonly StarterImage[] | undefined> {
  const text = await readFileIfAny(recordFile(folder));
  if (text === undefined) return undefined;
  const record = JSON.parse(text) as Recorded;
  const layout = new ImageLayout(folder);
  for (const name of starterNames) {
    const entry = await layout.find(name);
    if (entry === undefined || !(await layout.has(entry.digest))) return undefined;
  }
  return record.recipe === recipe ? record.images : undefined;
}

/** Takes over what another cluster has; undefined when there is nothing, or stand-ins only. */
export async function adoptStarterImages(
  folder: string,
  other: string,
): Promise<readonly StarterImage[] | undefined> {
  const images = await foundStarterImages(other).catch(() => undefined);
  if (images === undefined || images.some(({ isStandIn }) => isStandIn)) return undefined;
  const source = new ImageLayout(other);
  const layout = new ImageLayout(folder);
  const entries = (await source.entries()).filter((entry) => starterNames.includes(nameOf(entry)));
  for (const digest of await source.contentOf(entries.map((entry) => entry.digest)))
    await layout.takeBlob(source, digest);
  await layout.addNames(entries);
  await writeFile(recordFile(folder), `${JSON.stringify({ recipe, images } satisfies Recorded, null, 2)}\n`);
  return images;
}

/** `tell` is told which one is under way: `nginx (3 of 6)`. */
export async function makeStarterImages(
  folder: string,
  tell: (detail: string) => void,
): Promise<readonly StarterImage[]> {
  const layout = new ImageLayout(folder);
  const images: StarterImage[] = [];
  const count = 5;
  tell('fetching Debian packages');
  const fetched = { base: baseLayer(), nginx: nginxLayer(), httpd: httpdLayer() };
  for (const each of Object.values(fetched)) each.catch(() => {});
  const add = async (
    names: readonly string[],
    { layers, config }: { layers: readonly Layer[]; config: ImageConfig },
  ): Promise<void> => {
    tell(`${names[0]} (${images.length + 1} of ${count})`);
    const architecture = imageArchitecture(process.arch);
    const last = layers.at(-1) as Layer;
    await layout.add({
      names: names.map(hub),
      architecture,
      config: { ...config, labels: { 'org.opencontainers.image.description': last.made } },
      layers: layers.map(({ entries }) => entries),
    });
    images.push({ names, made: last.made, isStandIn: layers.some(({ isStandIn }) => isStandIn) });
  };
  await layout.add(await pauseContent());
  const base = await fetched.base;
  const env = shellEnvironment(base);
  await add(['busybox:latest', 'busybox:1.27'], { layers: [base], config: { command: ['sh'], env } });
  for (const tag of ['alpine', 'latest']) {
    const names = [`rxmllc/hostinfo:${tag}`, `rxmlhc/hostinfo:${tag}`];
    const entries: readonly TarEntry[] = hostinfoLayer(`rxmllc/hostinfo:${tag}`);
    const layer = { entries, made: 'busybox httpd, as a script', isStandIn: false };
    const command = busyboxServer(9898, '/www');
    await add(names, { layers: [base, layer], config: { command, env, exposedPorts: ['9898/tcp'] } });
  }
  await add(['nginx:latest'], {
    layers: [base, await fetched.nginx],
    config: nginxRun(await fetched.nginx, env),
  });
  await add(['httpd:latest'], {
    layers: [base, await fetched.httpd],
    config: httpdRun(await fetched.httpd, env),
  });
  const record: Recorded = { recipe, images };
  await writeFile(recordFile(folder), `${JSON.stringify(record, null, 2)}\n`);
  return images;
}

const searchPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The stand-in's shell has to be told of our wget. */
const shellEnvironment = (base: Layer): string[] =>
  base.isStandIn ? [searchPath, 'ENV=/etc/shrc'] : [searchPath];

/** Under a shell that hears SIGTERM: as process 1 httpd alone would be killed only when the grace is over. */
const busyboxServer = (port: number, folder: string): string[] => [
  'sh',
  '-c',
  `trap 'exit 0' TERM INT; busybox httpd -f -p ${port} -h ${folder} & wait`,
];

const standIn = (folder: string): string[] => busyboxServer(80, folder);

const nginxRun = ({ isStandIn }: Layer, env: readonly string[]): ImageConfig => ({
  command: isStandIn ? standIn('/usr/share/nginx/html') : ['nginx', '-g', 'daemon off;'],
  env,
  exposedPorts: ['80/tcp'],
  ...(isStandIn ? {} : { stopSignal: 'SIGQUIT' }),
});

const httpdRun = ({ isStandIn }: Layer, env: readonly string[]): ImageConfig => ({
  command: isStandIn ? standIn('/usr/local/apache2/htdocs') : ['httpd-foreground'],
  env,
  exposedPorts: ['80/tcp'],
  workingDir: '/usr/local/apache2',
  ...(isStandIn ? {} : { stopSignal: 'SIGWINCH' }),
});
