import { readFile } from 'node:fs/promises';
import { gitVersion } from '../apiserver/version.ts';

export async function printVersion(): Promise<void> {
  process.stdout.write(`${await versionLine()}\n`);
}

/** `wherry 0.1.0, Kubernetes API v1.36.0+wherry, Node v26.1.0` */
export async function versionLine(): Promise<string> {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return `wherry ${manifest.version}, Kubernetes API ${gitVersion}, Node ${process.version}`;
}
