/** What is in the starter images, layer by layer: of Debian packages, or what stands in where they cannot be fetched. */
import { entriesIn, type UnpackedPackages, unpackPackages } from './debian-packages.ts';
import { busyboxEntries } from './from-debian.ts';
import {
  hostinfoScript,
  httpdConfig,
  httpdPage,
  mimeTypes,
  nginxConfig,
  nginxPage,
  nginxServer,
  nslookupFile,
  printenvFile,
  shellFile,
  wgetFile,
} from './starter-files.ts';
import type { TarEntry } from './tar.ts';

export interface Layer {
  readonly entries: readonly TarEntry[];
  /** Of what: `busybox 1:1.35.0-4`. */
  readonly made: string;
  readonly isStandIn: boolean;
}

/** Package names of Debian 12, and of Debian 13 where they were renamed. */
const renamed: Readonly<Record<string, string>> = {
  libssl3: 'libssl3t64',
  libapr1: 'libapr1t64',
  libaprutil1: 'libaprutil1t64',
};

const bash = ['bash', 'libtinfo6'];
const nginxPackages = ['nginx', 'nginx-common', 'libpcre2-8-0', 'libssl3', 'zlib1g', 'libcrypt1', ...bash];
const httpdPackages = [
  'apache2-bin',
  'libapr1',
  'libaprutil1',
  'libpcre2-8-0',
  'libcrypt1',
  'libuuid1',
  'libgcc-s1',
  'libexpat1',
  ...bash,
];

/** Entries out of packages, with what the first one's version is; undefined when they cannot be fetched. */
async function fromPackages(
  names: readonly string[],
  isWanted: (path: string) => boolean,
): Promise<{ entries: TarEntry[]; version: string } | undefined> {
  const unpacked = await unpackAny(names);
  if (unpacked === undefined) return undefined;
  try {
    const version = unpacked.versions.find((text) => text.startsWith(`${names[0]} `)) ?? '';
    return { entries: await entriesIn(unpacked.folder, isWanted), version };
  } finally {
    await unpacked.remove();
  }
}

async function unpackAny(names: readonly string[]): Promise<UnpackedPackages | undefined> {
  try {
    return await unpackPackages(names);
  } catch (failure) {
    // Without a network every other name fails as slowly.
    if (!/Unable to locate package/.test((failure as Error).message)) return undefined;
    return unpackPackages(names.map((name) => renamed[name] ?? name)).catch(() => undefined);
  }
}

const isLibrary = (path: string): boolean =>
  /^(usr\/)?lib(64)?\/([a-z0-9_]+-linux-gnu\/)?[^/]+\.so(\.[\d.]+)?$/.test(path);

/**
 * Debian's static busybox, which has the most applets, under the shell of its dynamic one: the static one's shell runs
 * its own wget before the PATH's.
 */
export async function baseLayer(): Promise<Layer> {
  const dynamic = await fromPackages(
    ['busybox', 'libc6'],
    (path) => isLibrary(path) || path === 'bin/busybox' || path === 'usr/bin/busybox',
  );
  const shell = dynamic?.entries.find((entry) => entry.type === 'file' && entry.path.endsWith('bin/busybox'));
  if (dynamic === undefined || shell?.type !== 'file')
    return {
      entries: [
        ...(await busyboxEntries(undefined, ['wget', 'nslookup', 'printenv'])),
        wgetFile,
        nslookupFile,
        printenvFile,
        shellFile,
      ],
      made: "this machine's busybox",
      isStandIn: true,
    };
  const libraries = dynamic.entries.filter((entry) => entry.path !== shell.path);
  const links = ['sh', 'ash'].map(
    (name): TarEntry => ({ type: 'symlink', path: `bin/${name}`, target: '../usr/lib/busybox/shell' }),
  );
  return {
    entries: withoutDoubles([
      ...(await busyboxEntries(undefined, ['wget', 'nslookup', 'printenv', 'sh', 'ash'])),
      ...libraries,
      { type: 'folder', path: 'usr/lib' },
      { type: 'folder', path: 'usr/lib/busybox' },
      { type: 'file', path: 'usr/lib/busybox/shell', mode: 0o755, content: shell.content },
      ...links,
      wgetFile,
      nslookupFile,
      printenvFile,
    ]),
    made: `Debian's ${dynamic.version}`,
    isStandIn: false,
  };
}

export function hostinfoLayer(image: string): readonly TarEntry[] {
  return [
    { type: 'folder', path: 'www' },
    { type: 'folder', path: 'www/cgi-bin' },
    { type: 'file', path: 'www/cgi-bin/index.cgi', mode: 0o755, content: hostinfoScript(image) },
  ];
}

const file = (path: string, content: string, mode = 0o644): TarEntry => ({
  type: 'file',
  path,
  mode,
  content,
});
const folder = (path: string): TarEntry => ({ type: 'folder', path });

export async function nginxLayer(): Promise<Layer> {
  const found = await fromPackages(
    nginxPackages,
    (path) =>
      isLibrary(path) ||
      /^usr\/sbin\/nginx$|^usr\/share\/nginx\/html\/|^etc\/nginx\/(mime\.types|fastcgi|proxy_params)|(^|\/)bin\/bash$/.test(
        path,
      ),
  );
  if (found === undefined)
    return {
      entries: [...foldersTo('usr/share/nginx/html'), file('usr/share/nginx/html/index.html', nginxPage)],
      made: 'busybox httpd with a page of ours',
      isStandIn: true,
    };
  return {
    entries: withoutDoubles([
      ...found.entries,
      ...foldersTo('etc/nginx/conf.d'),
      file('etc/nginx/nginx.conf', nginxConfig),
      file('etc/nginx/conf.d/default.conf', nginxServer),
      ...foldersTo('var/lib/nginx'),
      ...foldersTo('var/log/nginx'),
      folder('run'),
    ]),
    made: `Debian's ${found.version}`,
    isStandIn: false,
  };
}

export async function httpdLayer(): Promise<Layer> {
  const page = [
    ...foldersTo('usr/local/apache2/htdocs'),
    file('usr/local/apache2/htdocs/index.html', httpdPage),
  ];
  const found = await fromPackages(
    httpdPackages,
    (path) =>
      isLibrary(path) || /^usr\/sbin\/apache2$|^usr\/lib\/apache2\/modules\/|(^|\/)bin\/bash$/.test(path),
  );
  if (found === undefined)
    return { entries: page, made: 'busybox httpd with a page of ours', isStandIn: true };
  return {
    entries: withoutDoubles([
      ...found.entries,
      ...page,
      ...foldersTo('usr/local/apache2/conf'),
      file('usr/local/apache2/conf/httpd.conf', httpdConfig),
      file('usr/local/apache2/conf/mime.types', mimeTypes),
      ...foldersTo('usr/local/bin'),
      file(
        'usr/local/bin/httpd-foreground',
        '#!/bin/sh\nrm -f /run/httpd.pid\nexec /usr/sbin/apache2 -f /usr/local/apache2/conf/httpd.conf -DFOREGROUND "$@"\n',
        0o755,
      ),
      folder('run'),
    ]),
    made: `Debian's ${found.version}`,
    isStandIn: false,
  };
}

/** `a/b/c` with what it is in. */
function foldersTo(path: string): TarEntry[] {
  const parts = path.split('/');
  return parts.map((_, index) => folder(parts.slice(0, index + 1).join('/')));
}

/** The first of a folder stays, the last of a file. */
function withoutDoubles(entries: readonly TarEntry[]): TarEntry[] {
  const byPath = new Map<string, TarEntry>();
  for (const entry of entries)
    if (entry.type !== 'folder' || !byPath.has(entry.path)) byPath.set(entry.path, entry);
  return [...byPath.values()];
}
