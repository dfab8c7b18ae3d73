/** What is in a tar archive, and where: its content is read when it is wanted, since layers may be larger than memory. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { UserError } from '../../lib/errors.ts';

export interface TarIndex {
  readonly file: string;
  /** In messages. */
  readonly named: string;
  /** Regular files by their path, without a leading `./`. */
  readonly entries: ReadonlyMap<string, { readonly offset: number; readonly size: number }>;
}

const blockBytes = 512;
const entriesMax = 100_000;
/** A name, or the attributes that a POSIX archive puts before a file. */
const attributesBytesMax = 64 * 1024;

/** `named`: as the person has called it. Throws NOT_AN_IMAGE for what is no tar archive. */
export async function readTarIndex(file: string, named: string = file): Promise<TarIndex> {
  const handle = await open(file);
  try {
    const { size: total } = await handle.stat();
    const entries = new Map<string, { offset: number; size: number }>();
    const links = new Map<string, string>();
    let longName: string | undefined;
    for (let offset = 0; offset < total; ) {
      if (offset + blockBytes > total)
        throw notAnImage(named, offset === 0 ? 'it is no tar archive' : 'it ends in the middle of an entry');
      const header = await readAt(handle, offset, blockBytes);
      if (header.every((byte) => byte === 0)) break;
      const entry = headerOf(header, named);
      const start = offset + blockBytes;
      if (start + entry.size > total) throw notAnImage(named, `it ends in the middle of ${entry.name}`);
      offset = start + Math.ceil(entry.size / blockBytes) * blockBytes;
      if (entry.type === 'L' || entry.type === 'x') {
        const text = await readAt(handle, start, Math.min(entry.size, attributesBytesMax));
        longName = entry.type === 'L' ? untilZero(text) : (pathAttribute(text) ?? longName);
        continue;
      }
      const name = (longName ?? entry.name).replace(/^(\.?\/)+/, '');
      longName = undefined;
      if (entry.type === '0' || entry.type === '\0') entries.set(name, { offset: start, size: entry.size });
      // `docker save` of old links a layer that two images share.
      if (entry.type === '1' || entry.type === '2') links.set(name, entry.target);
      if (entries.size + links.size > entriesMax) throw notAnImage(named, 'it has too many files');
    }
    for (const [name, target] of links) {
      const found = entries.get(joined(name, target)) ?? entries.get(target);
      if (found !== undefined) entries.set(name, found);
    }
    if (entries.size === 0) throw notAnImage(named, 'it is no tar archive, or there are no files in it');
    return { file, named, entries };
  } finally {
    await handle.close();
  }
}

export function notAnImage(file: string, why: string): UserError {
  return new UserError(
    'NOT_AN_IMAGE',
    `cannot load ${file}: ${why}; wanted is what \`docker save\` or \`podman save\` writes, or an OCI image layout in a tar archive`,
  );
}

/** The content of a small file. Throws NOT_AN_IMAGE. */
export async function readEntry(tar: TarIndex, name: string, bytesMax: number): Promise<Buffer | undefined> {
  const entry = tar.entries.get(name);
  if (entry === undefined) return undefined;
  if (entry.size > bytesMax) throw notAnImage(tar.named, `${name} has ${entry.size} bytes`);
  const handle = await open(tar.file);
  try {
    return await readAt(handle, entry.offset, entry.size);
  } finally {
    await handle.close();
  }
}

export function streamEntry(tar: TarIndex, name: string): AsyncIterable<Buffer> {
  const entry = tar.entries.get(name);
  if (entry === undefined) throw notAnImage(tar.named, `there is no ${name} in it`);
  if (entry.size === 0) return (async function* () {})();
  return createReadStream(tar.file, { start: entry.offset, end: entry.offset + entry.size - 1 });
}

async function readAt(handle: FileHandle, offset: number, size: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(size), 0, size, offset);
  return buffer.subarray(0, bytesRead);
}

function headerOf(
  header: Buffer,
  file: string,
): { name: string; size: number; type: string; target: string } {
  const stated = Number.parseInt(untilZero(header.subarray(148, 156)).trim(), 8);
  let sum = 0;
  for (const [index, byte] of header.entries()) sum += index >= 148 && index < 156 ? 32 : byte;
  if (stated !== sum) throw notAnImage(file, 'it is no tar archive, or a broken one');
  const prefix = header.toString('latin1', 257, 262) === 'ustar' ? untilZero(header.subarray(345, 500)) : '';
  const name = untilZero(header.subarray(0, 100));
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    size: sizeOf(header.subarray(124, 136), file),
    type: String.fromCharCode(header[156] as number),
    target: untilZero(header.subarray(157, 257)).replace(/^\.\//, ''),
  };
}

/** Octal digits; or, with the first bit set, a number of bytes. Source: tar(5), GNU. */
function sizeOf(field: Buffer, file: string): number {
  const size =
    ((field[0] as number) & 0x80) !== 0
      ? Number(field.readBigUInt64BE(4))
      : Number.parseInt(untilZero(field).trim() || '0', 8);
  if (!Number.isSafeInteger(size)) throw notAnImage(file, 'it is a broken tar archive');
  return size;
}

function untilZero(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Records `LENGTH path=NAME\n`. Source: pax(1). */
const pathAttribute = (bytes: Buffer): string | undefined =>
  /^\d+ path=(.*)$/m.exec(bytes.toString('utf8'))?.[1];

/** A link's target, seen from the folder of the link. */
function joined(name: string, target: string): string {
  const parts = [...name.split('/').slice(0, -1), ...target.split('/')];
  const path: string[] = [];
  for (const part of parts)
    if (part === '..') path.pop();
    else if (part !== '.' && part !== '') path.push(part);
  return path.join('/');
}
