/**
 * The cluster's certificates in `<data-dir>/pki`, under the names that kubeadm gives them. What is there and still good
 * is taken as it is; the rest is made.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { UserError } from '../lib/errors.ts';
import { readFileIfAny, writePrivateFile } from './files.ts';
import {
  issueAuthority,
  issueLeaf,
  type KeyPair,
  makeSigningKey,
  publicKeyOf,
  type Wanted,
} from './issue.ts';
import { administratorName } from './kubeconfig.ts';

export type { KeyPair } from './issue.ts';

export interface ClusterCertificates {
  /** Signs everything below; PEM. */
  readonly authority: string;
  readonly server: KeyPair;
  /** The client certificate of the cluster's administrator. */
  readonly administrator: KeyPair;
  /** With which the API server shows kubelets who it is. */
  readonly kubeletClient: KeyPair;
  /** The authority with its key: for signing what the cluster's certificate signing requests ask for. */
  readonly authorityPair: KeyPair;
  /** Signs service account tokens; PEM. */
  readonly serviceAccount: { readonly privateKey: string; readonly publicKey: string };
  /** What had to be made now: `ca`, `apiserver`, `admin`, `apiserver-kubelet-client`, `sa`. Empty on an ordinary restart. */
  readonly made: readonly string[];
}

export interface CertificateOptions {
  /** `<data-dir>/pki`; made when it is not there. */
  readonly directory: string;
  /** Names and addresses that the server certificate stands for, see `serverNames`. */
  readonly serverNames: readonly string[];
  readonly clock: Clock;
}

/** A certificate with less than this left is made anew. */
const renewBeforeMilliseconds = 30 * 24 * 3600 * 1000;

/** It may do everything, as upstream has it. */
const administratorGroup = 'system:masters';

/** Whom kubelets answer, and nobody else; kubeadm's name. */
const kubeletClientName = 'kube-apiserver-kubelet-client';

/** What clients inside and outside the cluster call the API server. */
export function serverNames(options: {
  hostName: string;
  /** The address of Service `kubernetes`: the first of the service range. */
  serviceAddresses: readonly string[];
  extra?: readonly string[];
}): string[] {
  return [
    ...new Set([
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      'localhost',
      ...(options.hostName === '' ? [] : [options.hostName]),
      '127.0.0.1',
      '::1',
      ...options.serviceAddresses,
      ...(options.extra ?? []),
    ]),
  ];
}

/** Throws UserError PKI_BROKEN when a file is there that cannot be used, rather than replacing somebody's keys. */
export async function ensureCertificates(options: CertificateOptions): Promise<ClusterCertificates> {
  const { directory, clock } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const made: string[] = [];
  const [oldAuthority, oldServer, oldAdministrator, oldKubeletClient, oldServiceAccount] = await Promise.all([
    readPair(directory, 'ca'),
    readPair(directory, 'apiserver'),
    readPair(directory, 'admin'),
    readPair(directory, 'apiserver-kubelet-client'),
    readFileIfAny(join(directory, 'sa.key')),
  ]);
  let authority = usableAuthority(oldAuthority, options);
  if (authority === undefined) {
    authority = await issueAuthority(clock.now());
    await writePair(directory, 'ca', authority);
    made.push('ca');
  }
  const leaf = async (name: string, old: Partial<KeyPair>, wanted: Wanted): Promise<KeyPair> => {
    if (isGood(old, authority, { ...wanted, now: clock.now() })) return old;
    const pair = await issueLeaf(authority, { ...wanted, now: clock.now() });
    await writePair(directory, name, pair);
    made.push(name);
    return pair;
  };
  const server = await leaf('apiserver', oldServer, {
    commonName: 'kube-apiserver',
    organization: undefined,
    names: options.serverNames,
    usage: 'server',
  });
  const administrator = await leaf('admin', oldAdministrator, {
    commonName: administratorName,
    organization: administratorGroup,
    names: [],
    usage: 'client',
  });
  const kubeletClient = await leaf('apiserver-kubelet-client', oldKubeletClient, {
    commonName: kubeletClientName,
    organization: administratorGroup,
    names: [],
    usage: 'client',
  });
  const serviceAccount = await ensureServiceAccountKey(directory, oldServiceAccount, made);
  return {
    authority: authority.certificate,
    authorityPair: authority,
    server,
    administrator,
    kubeletClient,
    serviceAccount,
    made,
  };
}

async function readPair(directory: string, name: string): Promise<Partial<KeyPair>> {
  const [certificate, key] = await Promise.all([
    readFileIfAny(join(directory, `${name}.crt`)),
    readFileIfAny(join(directory, `${name}.key`)),
  ]);
  return { certificate, key };
}

/** The key first: a key without a certificate is an interrupted start, the other way round a loss. */
async function writePair(directory: string, name: string, pair: KeyPair): Promise<void> {
  await writePrivateFile(join(directory, `${name}.key`), pair.key);
  await writePrivateFile(join(directory, `${name}.crt`), pair.certificate);
}

/** The authority that is there; undefined when one has to be made. */
function usableAuthority(pair: Partial<KeyPair>, options: CertificateOptions): KeyPair | undefined {
  const { certificate, key } = pair;
  if (certificate === undefined) return undefined;
  const found = parseCertificate(certificate);
  const broken =
    found === undefined
      ? 'ca.crt is not a certificate'
      : key === undefined
        ? 'ca.crt is there but ca.key is not'
        : !keyFits(found, key)
          ? 'ca.key is not the key of ca.crt'
          : undefined;
  if (broken !== undefined || found === undefined || key === undefined)
    throw new UserError(
      'PKI_BROKEN',
      `cannot use the certificates in ${options.directory}: ${broken}; put the right files back, or remove the directory to have new ones made (every kubeconfig must then be fetched again)`,
    );
  return isCurrent(found, options.clock.now()) ? { certificate, key } : undefined;
}

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function keyFits(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

function isCurrent(certificate: X509Certificate, now: number): boolean {
  return (
    certificate.validFromDate.getTime() <= now &&
    certificate.validToDate.getTime() > now + renewBeforeMilliseconds
  );
}

/** Whether a leaf is signed by the authority, current, for this subject and for at least these names. */
function isGood(
  pair: Partial<KeyPair>,
  authority: KeyPair,
  wanted: Wanted & { now: number },
): pair is KeyPair {
  if (pair.certificate === undefined || pair.key === undefined) return false;
  const found = parseCertificate(pair.certificate);
  if (found === undefined || !keyFits(found, pair.key) || !isCurrent(found, wanted.now)) return false;
  if (!found.verify(new X509Certificate(authority.certificate).publicKey)) return false;
  const subject = new Set(found.subject.split('\n'));
  if (!subject.has(`CN=${wanted.commonName}`)) return false;
  if (wanted.organization !== undefined && !subject.has(`O=${wanted.organization}`)) return false;
  return wanted.names.every((name) =>
    isIP(name) === 0
      ? found.checkHost(name, { wildcards: false }) !== undefined
      : found.checkIP(name) !== undefined,
  );
}

async function ensureServiceAccountKey(
  directory: string,
  old: string | undefined,
  made: string[],
): Promise<ClusterCertificates['serviceAccount']> {
  let privateKey = old;
  if (privateKey === undefined) {
    privateKey = await makeSigningKey();
    await writePrivateFile(join(directory, 'sa.key'), privateKey);
    made.push('sa');
  }
  let publicKey: string;
  try {
    publicKey = publicKeyOf(privateKey);
  } catch (cause) {
    throw new UserError(
      'PKI_BROKEN',
      `cannot use ${join(directory, 'sa.key')}: it is not a private key in PEM form; put the right file back, or remove it to have a new one made (tokens that were signed with the old one stop working)`,
      { cause },
    );
  }
  if ((await readFileIfAny(join(directory, 'sa.pub'))) !== publicKey)
    await writePrivateFile(join(directory, 'sa.pub'), publicKey);
  return { privateKey, publicKey };
}
