/** Network namespaces by name, as `ip netns` keeps them: under /run/netns. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from './command.ts';

export const namespacePath = (name: string): string => path.join('/run/netns', name);

/** Makes one with nothing but its loopback: no route leads out of it. */
export async function createNamespace(name: string): Promise<void> {
  await runCommand('ip', ['netns', 'add', name]);
  try {
    await runCommand('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  } catch (failure) {
    await removeNamespace(name);
    throw failure;
  }
}

/** Fine when there is none. */
export async function removeNamespace(name: string): Promise<void> {
  if (existsSync(namespacePath(name))) await runCommand('ip', ['netns', 'delete', name]);
}
