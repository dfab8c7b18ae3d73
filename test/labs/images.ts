/**
 * Images that the lessons name and no registry brings here: small web servers under the same names, which `wherry image
 * load` gives the nodes as it would the real ones.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { imageArchitecture, writeOciArchive } from '../../src/cluster/images/oci-archive.ts';
import type { TarEntry } from '../../src/cluster/images/tar.ts';

interface StandIn {
  readonly name: string;
  readonly port: number;
  readonly page: string;
}

const standIns: readonly StandIn[] = [
  { name: 'docker.io/library/tomcat:latest', port: 8080, page: 'Apache Tomcat\n' },
  { name: 'docker.io/library/tomcat:8.5.5', port: 8080, page: 'Apache Tomcat/8.5.5\n' },
  { name: 'docker.io/library/mysql:latest', port: 3306, page: 'mysql\n' },
  {
    name: 'docker.io/btoll/benjamintoll.com:latest',
    port: 80,
    page: '<html><head><title>benjamintoll.com</title></head></html>\n',
  },
];

const applets = ['sh', 'httpd', 'wget', 'cat', 'ls'];

function layerOf({ page }: StandIn, busybox: Buffer): TarEntry[] {
  return [
    ...['bin', 'etc', 'tmp', 'www'].map((folder): TarEntry => ({ type: 'folder', path: folder })),
    { type: 'file', path: 'bin/busybox', mode: 0o755, content: busybox },
    ...applets.map((name): TarEntry => ({ type: 'symlink', path: `bin/${name}`, target: 'busybox' })),
    { type: 'file', path: 'www/index.html', content: page },
  ];
}

/** Writes them as archives; returns the files. */
export async function writeStandIns(folder: string): Promise<string[]> {
  const busybox = await readFile('/bin/busybox');
  return Promise.all(
    standIns.map(async (standIn, index) => {
      const { name, port } = standIn;
      const archive = writeOciArchive({
        names: [name],
        architecture: imageArchitecture(process.arch),
        // As process 1 httpd alone would not hear SIGTERM.
        config: { command: ['sh', '-c', `trap 'exit 0' TERM; httpd -f -p ${port} -h /www & wait`] },
        layers: [layerOf(standIn, busybox)],
      });
      const file = path.join(folder, `stand-in-${index}.tar`);
      await writeFile(file, archive);
      return file;
    }),
  );
}
