/** What is mounted, as the kernel lists it: with every link in the way resolved. */
import { readFile, realpath } from 'node:fs/promises';

/** The places of all mounts, in the order in which they were made. Source: proc(5), mountinfo. */
export function parseMounts(mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      // The fifth word; blanks in it are written in octal.
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    );
}

const mounts = async (): Promise<string[]> => parseMounts(await readFile('/proc/self/mountinfo', 'utf8'));

const resolved = (folder: string): Promise<string> => realpath(folder).catch(() => folder);

export async function isMounted(folder: string): Promise<boolean> {
  const place = await resolved(folder);
  return (await mounts()).includes(place);
}

/** The innermost first. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const place = await resolved(folder);
  return (await mounts()).filter((mount) => mount.startsWith(`${place}/`)).reverse();
}
