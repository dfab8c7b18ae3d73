/** The project's own files, as git would commit them: tracked or new, and not ignored. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { SourceFile } from './source.ts';

const projectRoot = path.join(import.meta.dirname, '../..');

const binaryExtensions = ['.png', '.ico', '.woff2', '.db', '.gz'];

export function readProjectFiles(): SourceFile[] {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: projectRoot,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  return list
    .split('\0')
    .filter((file) => file !== '' && !binaryExtensions.includes(path.extname(file)))
    .filter((file) => {
      const full = path.join(projectRoot, file);
      return existsSync(full) && statSync(full).isFile();
    })
    .map((file) => ({ path: file, text: readFileSync(path.join(projectRoot, file), 'utf8') }));
}
