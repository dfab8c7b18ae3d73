/** A file of lines that does not grow for ever: when it is full, what is in it becomes its older file, and it begins anew. */
import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';

/** Together with the older file at most twice that, and a line. */
const logBytesMax = 10 * 1024 ** 2;

/** Where the lines before the last new beginning are. */
export const olderLog = (file: string): string => `${file}.1`;

export interface BoundedLog {
  /** Never throws: a disk that is full must not end whoever tells of it. */
  write(line: string): void;
  close(): void;
}

/**
 * Throws when the file cannot be opened. It is emptied, not renamed: a file that is this process's standard error, too
 * (opened to append), stays that, so that what Node or V8 say of a crash stands in it behind the last line.
 */
export function openBoundedLog(file: string, bytesMax: number = logBytesMax): BoundedLog {
  const descriptor = openSync(file, 'a', 0o600);
  const write = (line: string) => {
    try {
      // By its size, not by what was written here: others write to it, too.
      startAnewWhenFull(file, descriptor, bytesMax);
      writeSync(descriptor, line);
    } catch {
      // There is nobody to tell.
    }
  };
  return { write, close: () => closeSync(descriptor) };
}

/**
 * For the file of another program, which has opened it to append: what it writes in the moment between copy and new
 * beginning is lost. Never throws.
 */
export function boundLog(file: string, bytesMax: number = logBytesMax): void {
  try {
    const descriptor = openSync(file, constants.O_WRONLY);
    try {
      startAnewWhenFull(file, descriptor, bytesMax);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // It is not there, or cannot be written: then it does not grow.
  }
}

function startAnewWhenFull(file: string, descriptor: number, bytesMax: number): void {
  if (fstatSync(descriptor).size < bytesMax) return;
  try {
    // First, so that there is room on a full disk.
    rmSync(olderLog(file), { force: true });
    copyFileSync(file, olderLog(file), constants.COPYFILE_FICLONE);
  } catch {
    // Without room the older lines are lost, not the newer ones.
  }
  ftruncateSync(descriptor);
}
