/** Reads a kubeconfig as far as a client certificate and an authority go: what `wherry server` writes, and kubeadm. */
import { parse } from 'yaml';
import { UserError } from '../lib/errors.ts';

/** Where to dial, whom to trust, and who we are. */
export interface TlsTarget {
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly authority: string;
  /** PEM; without it the server sees nobody. */
  readonly certificate?: string;
  readonly key?: string;
}

const bad = (why: string): UserError =>
  new UserError('BAD_KUBECONFIG', `the kubeconfig cannot be used: ${why}`);

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

/** The entry of this name in `clusters`, `users` or `contexts`. */
function entryOf(config: Fields, list: string, options: { name: unknown; field: string }): Fields {
  const entries = config[list];
  const found = (Array.isArray(entries) ? entries : [])
    .map(fieldsOf)
    .find(({ name }) => name === options.name);
  if (found === undefined) throw bad(`${list} has no entry named ${JSON.stringify(options.name)}`);
  return fieldsOf(found[options.field]);
}

function pemOf(entry: Fields, field: string, readFile: (path: string) => string): string | undefined {
  const data = entry[`${field}-data`];
  if (typeof data === 'string' && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const file = entry[field];
  return typeof file === 'string' && file !== '' ? readFile(file) : undefined;
}

function refuseFile(path: string): never {
  throw bad(`it refers to the file ${path}, wanted is embedded data`);
}

export interface ParseOptions {
  /** Its name; unless given the current one, which is whatever its owner chose last. */
  readonly context?: string | undefined;
  /** Called for certificates that stand in files of their own. */
  readonly readFile?: (path: string) => string;
}

/** Throws UserError. */
export function parseKubeconfig(text: string, options: ParseOptions = {}): TlsTarget {
  const { readFile = refuseFile } = options;
  let config: Fields;
  try {
    config = fieldsOf(parse(text));
  } catch (error) {
    // The rest draws a picture of the place.
    throw bad(
      `it is not YAML: ${String(error instanceof Error ? error.message : error)
        .split('\n')[0]
        ?.replace(/:$/, '')}`,
    );
  }
  const name = options.context ?? config['current-context'];
  if (typeof name !== 'string') throw bad('it has no current-context');
  const context = entryOf(config, 'contexts', { name, field: 'context' });
  const cluster = entryOf(config, 'clusters', { name: context.cluster, field: 'cluster' });
  const user = entryOf(config, 'users', { name: context.user, field: 'user' });
  const { server } = cluster;
  if (typeof server !== 'string' || !server.startsWith('https://'))
    throw bad(`the server ${JSON.stringify(server)} is not an https:// address`);
  const authority = pemOf(cluster, 'certificate-authority', readFile);
  if (authority === undefined) throw bad('its cluster has no certificate-authority');
  return {
    server,
    authority,
    certificate: pemOf(user, 'client-certificate', readFile),
    key: pemOf(user, 'client-key', readFile),
  };
}
