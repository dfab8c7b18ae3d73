/**
 * The agent's keys and certificates. A certificate and its key stand in one file, so that one is never there without the
 * other; a key that waits for its certificate has a file of its own, so that a restart does not ask anew.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { readFileIfAny, writePrivateFile } from '../files.ts';
import type { KeyPair } from '../issue.ts';
import { makePrivateKey } from '../sign-request.ts';

export type CredentialName = 'client' | 'serving';

export const authorityFile = (directory: string): string => join(directory, 'ca.crt');
export const pairFile = (directory: string, name: CredentialName): string => join(directory, `${name}.pem`);
const waitingFile = (directory: string, name: CredentialName) => join(directory, `${name}.key.waiting`);

const blockOf = (text: string, label: string): string | undefined =>
  new RegExp(`-----BEGIN ${label}-----[^-]*-----END ${label}-----\n?`).exec(text)?.[0];

/** Undefined when there is none, or none that can be used. */
export async function readPair(directory: string, name: CredentialName): Promise<KeyPair | undefined> {
  const text = (await readFileIfAny(pairFile(directory, name))) ?? '';
  const certificate = blockOf(text, 'CERTIFICATE');
  const key = blockOf(text, 'PRIVATE KEY');
  if (certificate === undefined || key === undefined) return undefined;
  try {
    const fits = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
    return fits ? { certificate, key } : undefined;
  } catch {
    return undefined;
  }
}

/** The key that waited has its certificate now. */
export async function writePair(directory: string, name: CredentialName, pair: KeyPair): Promise<void> {
  await writePrivateFile(pairFile(directory, name), `${pair.certificate.trimEnd()}\n${pair.key}`);
  await forgetWaitingKey(directory, name);
}

export async function waitingKey(directory: string, name: CredentialName): Promise<string> {
  const path = waitingFile(directory, name);
  const present = await readFileIfAny(path);
  if (present !== undefined && isKey(present)) return present;
  const key = await makePrivateKey();
  await writePrivateFile(path, key);
  return key;
}

export const forgetWaitingKey = (directory: string, name: CredentialName): Promise<void> =>
  rm(waitingFile(directory, name), { force: true });

function isKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ec';
  } catch {
    return false;
  }
}

export interface WantedCertificate {
  readonly commonName: string;
  /** DNS names and IP addresses; none for a client. */
  readonly names: readonly string[];
}

/** What is wrong with a certificate for its use now; undefined: nothing. */
export type CertificateFlaw = 'otherAuthority' | 'otherName' | 'expired' | 'notYetValid';

export function flawOf(
  pem: string,
  options: { authority: string; wanted: WantedCertificate; now: number },
): CertificateFlaw | undefined {
  const certificate = new X509Certificate(pem);
  const { authority, wanted, now } = options;
  if (!certificate.verify(new X509Certificate(authority).publicKey)) return 'otherAuthority';
  if (!certificate.subject.split('\n').includes(`CN=${wanted.commonName}`)) return 'otherName';
  const hasName = (name: string) =>
    isIP(name) === 0
      ? certificate.checkHost(name, { wildcards: false }) !== undefined
      : certificate.checkIP(name) !== undefined;
  if (!wanted.names.every(hasName)) return 'otherName';
  if (certificate.validToDate.getTime() <= now) return 'expired';
  return certificate.validFromDate.getTime() > now ? 'notYetValid' : undefined;
}

export function lifeOf(pem: string): { from: number; until: number } {
  const { validFromDate, validToDate } = new X509Certificate(pem);
  return { from: validFromDate.getTime(), until: validToDate.getTime() };
}
