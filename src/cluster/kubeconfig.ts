import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readFileIfAny, writePrivateFile } from './files.ts';

export interface Kubeconfig {
  /** Name of cluster and context. */
  readonly name: string;
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly user: { readonly name: string; readonly certificate: string; readonly key: string };
}

/** The file's text: everything embedded, so that it can be carried elsewhere. */
export function kubeconfigText(config: Kubeconfig): string {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const context = JSON.stringify(`${config.user.name}@${config.name}`);
  const cluster = JSON.stringify(config.name);
  const user = JSON.stringify(config.user.name);
  return `apiVersion: v1
kind: Config
current-context: ${context}
clusters:
- name: ${cluster}
  cluster:
    server: ${JSON.stringify(config.server)}
    certificate-authority-data: ${base64(config.authority)}
contexts:
- name: ${context}
  context:
    cluster: ${cluster}
    user: ${user}
users:
- name: ${user}
  user:
    client-certificate-data: ${base64(config.user.certificate)}
    client-key-data: ${base64(config.user.key)}
`;
}

/** Writes the file for its owner only; leaves it alone when it says so already. */
export async function writeKubeconfig(path: string, config: Kubeconfig): Promise<void> {
  const text = kubeconfigText(config);
  if ((await readFileIfAny(path)) === text) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writePrivateFile(path, text);
}

/** What a client on this machine dials: an unspecified bind address is reached over loopback. */
export function serverUrl(bindAddress: string, port: number): string {
  const host = bindAddress === '0.0.0.0' ? '127.0.0.1' : bindAddress === '::' ? '::1' : bindAddress;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
