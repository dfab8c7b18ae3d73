/** Images made from Debian's static programs, so that no registry is needed. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { UserError } from '../../lib/errors.ts';
import { type ImageContent, imageArchitecture, writeOciArchive } from './oci-archive.ts';
import type { TarEntry } from './tar.ts';

/** What every sandbox holds its namespaces with: containerd's configuration names it. */
export const pauseImage = 'wherry.local/pause:1';

/** Where Debian's packages put the two programs. */
export interface DebianPrograms {
  readonly catatonit: string;
  readonly busybox: string;
}

const debianPrograms: DebianPrograms = { catatonit: '/usr/bin/catatonit', busybox: '/bin/busybox' };

async function readProgram(file: string, debianPackage: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new UserError(
      'PROGRAM_MISSING',
      `cannot build an image without ${file}: apt-get install ${debianPackage}`,
      { cause },
    );
  }
}

/** catatonit waits for nothing and reaps what is orphaned: upstream's pause, as Debian has it. */
export async function buildPauseImage(programs = debianPrograms): Promise<Buffer> {
  return writeOciArchive(await pauseContent(programs));
}

export async function pauseContent({ catatonit } = debianPrograms): Promise<ImageContent> {
  const content = await readProgram(catatonit, 'catatonit');
  return {
    names: [pauseImage],
    architecture: imageArchitecture(process.arch),
    config: { entrypoint: ['/pause', '-P'] },
    layers: [[{ type: 'file', path: 'pause', mode: 0o755, content }]],
  };
}

/** A busybox with a link for each of its applets, users, and the usual folders. */
export async function buildBusyboxImage(
  names: readonly string[],
  { busybox } = debianPrograms,
): Promise<Buffer> {
  return writeOciArchive({
    names,
    architecture: imageArchitecture(process.arch),
    config: { command: ['sh'] },
    layers: [await busyboxEntries({ busybox })],
  });
}

/** A busybox's files; `replaced` are applets that something else takes the place of. */
export async function busyboxEntries(
  { busybox }: Pick<DebianPrograms, 'busybox'> = debianPrograms,
  replaced: readonly string[] = [],
): Promise<TarEntry[]> {
  const content = await readProgram(busybox, 'busybox-static');
  const { stdout } = await promisify(execFile)(busybox, ['--list']);
  const applets = stdout.split('\n').filter((applet) => !['', 'busybox', ...replaced].includes(applet));
  return [...baseEntries, { type: 'file', path: 'bin/busybox', mode: 0o755, content }, ...links(applets)];
}

const links = (applets: readonly string[]): TarEntry[] =>
  applets.map((applet) => ({ type: 'symlink', path: `bin/${applet}`, target: 'busybox' }));

const baseEntries: readonly TarEntry[] = [
  ...['bin', 'dev', 'etc', 'home', 'proc', 'sys', 'usr', 'var', 'var/www'].map(
    (path): TarEntry => ({ type: 'folder', path }),
  ),
  { type: 'folder', path: 'root', mode: 0o700 },
  { type: 'folder', path: 'tmp', mode: 0o1777 },
  {
    type: 'file',
    path: 'etc/passwd',
    content: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  },
  { type: 'file', path: 'etc/group', content: 'root:x:0:\nnogroup:x:65534:\n' },
];
