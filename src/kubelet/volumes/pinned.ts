/**
 * Places held open step by step, none of them a link: whatever a pod swaps for a link meanwhile, what was looked at is
 * what is used. Node has no openat(2); a path through /proc/self/fd is the same. Source: CVE-2021-25741,
 * safeOpenSubPath of pkg/volume/util/subpath.
 */
import { constants, type Stats } from 'node:fs';
import { chmod, chown, type FileHandle, lchown, mkdir, open, readdir } from 'node:fs/promises';
import path from 'node:path';

/** Of Linux on every processor that Node runs on; not among Node's constants. A device or a pipe is not opened by it. */
const pathOnly = 0o10000000;

export class Pinned {
  readonly #handle: FileHandle;
  readonly found: Stats;

  private constructor(handle: FileHandle, found: Stats) {
    this.#handle = handle;
    this.found = found;
  }

  /** The place itself, be it a link; the folders above it are the node's own, and are believed. */
  static async at(place: string): Promise<Pinned> {
    const handle = await open(place, pathOnly | constants.O_NOFOLLOW);
    try {
      return new Pinned(handle, await handle.stat());
    } catch (failure) {
      await handle.close();
      throw failure;
    }
  }

  /** For system calls of this process. */
  get #path(): string {
    return `/proc/self/fd/${this.#handle.fd}`;
  }

  /** For other processes, as long as this one holds it. */
  get shared(): string {
    return `/proc/${process.pid}/fd/${this.#handle.fd}`;
  }

  get isFolder(): boolean {
    return this.found.isDirectory();
  }

  /** A name in this folder. Rejects with ENOENT when there is none. */
  below(name: string): Promise<Pinned> {
    return Pinned.at(path.join(this.#path, name));
  }

  /** Makes a folder in this one, with these permissions whatever the umask. Rejects when anything has the name. */
  async make(name: string, mode: number): Promise<Pinned> {
    await mkdir(path.join(this.#path, name));
    const made = await this.below(name);
    try {
      if (!made.isFolder) throw new Error(`${name} has been replaced`);
      await chmod(made.#path, mode);
      return made;
    } catch (failure) {
      await made.close();
      throw failure;
    }
  }

  names(): Promise<string[]> {
    return readdir(this.#path);
  }

  /** Of anything but a link, which has no permissions. */
  chmod(mode: number): Promise<void> {
    return chmod(this.#path, mode);
  }

  /** Of anything but a link. */
  chgrp(group: number): Promise<void> {
    return chown(this.#path, -1, group);
  }

  /** Of a link in this folder; what has taken its place meanwhile gets the group instead. */
  chgrpLink(name: string, group: number): Promise<void> {
    return lchown(path.join(this.#path, name), -1, group);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
