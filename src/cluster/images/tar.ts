/**
 * Writes tar archives (POSIX ustar): what image layers and image archives are. Deterministic: every time is the epoch
 * and every owner is root, so the same content has the same digest on every machine.
 */
import { WherryError } from '../../lib/errors.ts';

export type TarEntry = {
  /** Relative, without a leading slash. */
  readonly path: string;
  /** Permission bits; 0755 for folders and 0644 for files unless given. */
  readonly mode?: number;
} & (
  | { readonly type: 'file'; readonly content: Uint8Array | string }
  | { readonly type: 'folder' }
  | { readonly type: 'symlink'; readonly target: string }
);

const blockBytes = 512;
const nameBytesMax = 100;
const prefixBytesMax = 155;
/** Eleven octal digits. */
const contentBytesMax = 8 ** 11 - 1;

const typeFlags = { file: '0', symlink: '2', folder: '5' } as const;
const defaultModes = { file: 0o644, symlink: 0o777, folder: 0o755 } as const;

/** Throws NOT_TARRABLE for a name or a content that ustar has no room for. */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = entry.type === 'file' ? Buffer.from(entry.content) : Buffer.alloc(0);
    return [header(entry, content.length), content, tarPadding(content.length)];
  });
  return Buffer.concat([...parts, tarEnd]);
}

/** Two empty blocks end an archive. */
export const tarEnd = Buffer.alloc(2 * blockBytes);

/** What comes before a file's content, for who writes an archive piece by piece. */
export const tarHeader = (path: string, contentBytes: number): Buffer =>
  header({ type: 'file', path, content: '' }, contentBytes);

/** What comes after it: archives are whole blocks. */
export const tarPadding = (contentBytes: number): Buffer =>
  Buffer.alloc((blockBytes - (contentBytes % blockBytes)) % blockBytes);

function header(entry: TarEntry, contentBytes: number): Buffer {
  if (contentBytes > contentBytesMax) throw notTarrable(entry.path, 'its content is over 8 GiB');
  const { prefix, name } = splitPath(entry.type === 'folder' ? `${entry.path}/` : entry.path);
  const target = entry.type === 'symlink' ? entry.target : '';
  if (Buffer.byteLength(target) > nameBytesMax) throw notTarrable(entry.path, 'its link target is too long');
  const block = Buffer.alloc(blockBytes);
  block.write(name, 0);
  block.write(octal(entry.mode ?? defaultModes[entry.type], 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(contentBytes, 11), 124);
  block.write(octal(0, 11), 136);
  // The checksum is taken with blanks in its own place.
  block.write(' '.repeat(8), 148);
  block.write(typeFlags[entry.type], 156);
  block.write(target, 157);
  block.write('ustar\u000000', 257);
  block.write('root', 265);
  block.write('root', 297);
  block.write(prefix, 345);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${octal(checksum, 6)}\0 `, 148);
  return block;
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

/** A long path goes into two fields, parted at a slash. */
function splitPath(path: string): { prefix: string; name: string } {
  if (path === '' || path.startsWith('/')) throw notTarrable(path, 'it is not a relative path');
  if (Buffer.byteLength(path) <= nameBytesMax) return { prefix: '', name: path };
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    const parts = { prefix: path.slice(0, at), name: path.slice(at + 1) };
    const fits =
      parts.name !== '' &&
      Buffer.byteLength(parts.name) <= nameBytesMax &&
      Buffer.byteLength(parts.prefix) <= prefixBytesMax;
    if (fits) return parts;
  }
  throw notTarrable(path, 'its path is too long');
}

function notTarrable(path: string, why: string): WherryError {
  return new WherryError('NOT_TARRABLE', `cannot put ${JSON.stringify(path)} into a tar archive: ${why}`);
}
