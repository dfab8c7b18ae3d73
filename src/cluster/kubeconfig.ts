import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readFileIfAny, writePrivateFile } from './files.ts';

/** Of every server's cluster, in the kubeconfig that it writes. */
export const clusterName = 'wherry';

/** Its administrator, in the kubeconfig and in the certificate. */
export const administratorName = 'kubernetes-admin';

const contextName = (of: { cluster: string; user: string }): string => `${of.user}@${of.cluster}`;

/** The context that is its own: in the file its user may have added others, and made one of them current. */
export const ownContext = contextName({ cluster: clusterName, user: administratorName });

export interface Kubeconfig {
  /** Of the cluster. */
  readonly name: string;
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  /** PEM. */
  readonly authority: string;
  readonly user: { readonly name: string; readonly certificate: string; readonly key: string };
}

type Fields = Readonly<Record<string, unknown>>;

interface Named extends Fields {
  readonly name: string;
}

const lists = ['clusters', 'contexts', 'users'] as const;

type File = Fields & { readonly 'current-context': string } & Readonly<
    Record<(typeof lists)[number], readonly Named[]>
  >;

/** The file's text: everything embedded, so that it can be carried elsewhere. */
export function kubeconfigText(config: Kubeconfig): string {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const context = JSON.stringify(contextName({ cluster: config.name, user: config.user.name }));
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

/** Undefined when it is no kubeconfig: such a file is written anew. Loads a library for what few starts need. */
async function fileIn(text: string): Promise<File | undefined> {
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return undefined;
  }
  const isFields = (each: unknown): each is Fields => typeof each === 'object' && each !== null;
  const isNamed = (each: unknown) => isFields(each) && typeof each.name === 'string';
  if (!isFields(value)) return undefined;
  const file = value;
  const isWhole = lists.every((list) => {
    const entries = file[list];
    return Array.isArray(entries) && entries.every(isNamed);
  });
  return isWhole ? (file as File) : undefined;
}

async function textOf(file: File): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(file, { lineWidth: 0 });
}

/** What users have set with `kubectl config` stays: other entries, the namespace of ours, and which one is current. */
function merged(before: File, wanted: File): File {
  const together: { -readonly [Key in keyof File]: File[Key] } = { ...before };
  for (const list of lists) {
    const ours = new Map(wanted[list].map((entry) => [entry.name, entry]));
    const others = before[list].filter(({ name }) => !ours.has(name));
    together[list] = [...ours.values(), ...others];
  }
  const namespaces = new Map(
    before.contexts.map(({ name, context }) => [name, (context as Fields | undefined)?.namespace]),
  );
  together.contexts = together.contexts.map((entry) => {
    const namespace = namespaces.get(entry.name);
    if (namespace === undefined) return entry;
    return { ...entry, context: { ...(entry.context as Fields), namespace } };
  });
  const isThere = together.contexts.some(({ name }) => name === before['current-context']);
  return isThere ? together : { ...together, 'current-context': wanted['current-context'] };
}

/** Writes the file for its owner only; leaves it alone when it says so already. */
export async function writeKubeconfig(path: string, config: Kubeconfig): Promise<void> {
  const text = await readFileIfAny(path);
  const whole = kubeconfigText(config);
  if (text === whole) return;
  const before = text === undefined ? undefined : await fileIn(text);
  const wanted = before === undefined ? undefined : await fileIn(whole);
  const after = before === undefined || wanted === undefined ? undefined : merged(before, wanted);
  if (after !== undefined && isDeepStrictEqual(after, before)) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writePrivateFile(path, after === undefined ? whole : await textOf(after));
}

/** What a client on this machine dials: an unspecified bind address is reached over loopback. */
export function serverUrl(bindAddress: string, port: number): string {
  const host = bindAddress === '0.0.0.0' ? '127.0.0.1' : bindAddress === '::' ? '::1' : bindAddress;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
