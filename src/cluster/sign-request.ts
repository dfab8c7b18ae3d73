/**
 * Certificates for those who have a key of their own: what a CertificateSigningRequest asks for, signed by the cluster's
 * authority. Source: pkg/controller/certificates/authority of Kubernetes.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { type CertificateRequest, parseCertificateRequest } from '../lib/certificate-request.ts';
import * as der from '../lib/der.ts';
import {
  alternativeName,
  extension,
  generateKeys,
  identifiers,
  issuerOf,
  type KeyPair,
  pemOf,
  pemOfKey,
  signatureAlgorithm,
  signed,
} from './issue.ts';

/** Of the certificates that the cluster signs; kube-controller-manager's --cluster-signing-duration. */
const lifeMilliseconds = 365 * 24 * 3600 * 1000;
const lifeMillisecondsMin = 10 * 60 * 1000;
/** A clock that is a little behind must still find the certificate valid. */
const skewMilliseconds = 5 * 60 * 1000;
/** What lives less than this lives its whole time from now on. */
const shortMilliseconds = 8 * 3600 * 1000;

export interface SignOptions {
  /** As CertificateSigningRequests call them: `digital signature`, `client auth`. */
  readonly usages: readonly string[];
  /** How long it is to be good; what the cluster gives at most is not exceeded. */
  readonly expirationSeconds: number | undefined;
  readonly now: number;
}

/** Bits of KeyUsage (RFC 5280 4.2.1.3), the first bit being 0. */
const keyUsageBits: ReadonlyMap<string, number> = new Map([
  ['signing', 0],
  ['digital signature', 0],
  ['content commitment', 1],
  ['key encipherment', 2],
  ['data encipherment', 3],
  ['key agreement', 4],
  ['cert sign', 5],
  ['crl sign', 6],
  ['encipher only', 7],
  ['decipher only', 8],
]);

const extendedUsages: ReadonlyMap<string, string> = new Map([
  ['any', '2.5.29.37.0'],
  ['server auth', identifiers.server],
  ['client auth', identifiers.client],
  ['code signing', '1.3.6.1.5.5.7.3.3'],
  ['email protection', '1.3.6.1.5.5.7.3.4'],
  ['s/mime', '1.3.6.1.5.5.7.3.4'],
  ['ipsec end system', '1.3.6.1.5.5.7.3.5'],
  ['ipsec tunnel', '1.3.6.1.5.5.7.3.6'],
  ['ipsec user', '1.3.6.1.5.5.7.3.7'],
  ['timestamping', '1.3.6.1.5.5.7.3.8'],
  ['ocsp signing', '1.3.6.1.5.5.7.3.9'],
  ['microsoft sgc', '1.3.6.1.4.1.311.10.3.3'],
  ['netscape sgc', '2.16.840.1.113730.4.1'],
]);

/** The certificate, PEM. `request` is PEM; throws CertificateRequestError when it cannot be read. */
export function signRequest(authority: KeyPair, request: string, options: SignOptions): string {
  const parsed = parseCertificateRequest(request);
  const issuer = issuerOf(authority.certificate);
  const extensions = [
    extension(identifiers.basicConstraints, true, der.sequence()),
    ...usageExtensions(options.usages),
    ...(issuer.keyIdentifier === undefined
      ? []
      : [
          extension(
            identifiers.authorityKeyIdentifier,
            false,
            der.sequence(der.encode(der.contextTag(0, false), issuer.keyIdentifier)),
          ),
        ]),
    ...alternativeNames(parsed),
  ];
  return signed(createPrivateKey(authority.key), {
    issuer: issuer.name,
    subject: der.sequence(
      ...parsed.subject.map(({ identifier, text }) =>
        der.encode(der.tags.set, der.sequence(der.objectIdentifier(identifier), der.utf8String(text))),
      ),
    ),
    validity: validityOf(authority, options),
    publicKey: parsed.publicKey,
    extensions,
  });
}

/** Never beyond the authority's own end. */
function validityOf(authority: KeyPair, { expirationSeconds, now }: SignOptions): Buffer {
  const asked = expirationSeconds === undefined ? lifeMilliseconds : expirationSeconds * 1000;
  const life = Math.min(Math.max(asked, lifeMillisecondsMin), lifeMilliseconds);
  const until = now + life - (life < shortMilliseconds ? 0 : skewMilliseconds);
  const authorityEnd = new X509Certificate(authority.certificate).validToDate.getTime();
  return der.sequence(der.time(now - skewMilliseconds), der.time(Math.min(until, authorityEnd)));
}

function usageExtensions(usages: readonly string[]): Buffer[] {
  const bits = usages.flatMap((usage) => keyUsageBits.get(usage) ?? []);
  const extended = new Set(usages.flatMap((usage) => extendedUsages.get(usage) ?? []));
  const extensions: Buffer[] = [];
  if (bits.length > 0) {
    const last = Math.max(...bits);
    const bytes = Buffer.alloc(Math.floor(last / 8) + 1);
    for (const bit of bits) bytes[bit >> 3]! |= 0x80 >> (bit & 7);
    extensions.push(extension(identifiers.keyUsage, true, der.bitString(bytes, 7 - (last & 7))));
  }
  if (extended.size > 0)
    extensions.push(
      extension(
        identifiers.extendedKeyUsage,
        false,
        der.sequence(...[...extended].map((each) => der.objectIdentifier(each))),
      ),
    );
  return extensions;
}

function alternativeNames({ dnsNames, addresses, emailAddresses, uris }: CertificateRequest): Buffer[] {
  const text = (tag: number, name: string) =>
    der.encode(der.contextTag(tag, false), Buffer.from(name, 'ascii'));
  const names = [
    ...dnsNames.map((name) => text(2, name)),
    ...emailAddresses.map((name) => text(1, name)),
    ...addresses.map(alternativeName),
    ...uris.map((name) => text(6, name)),
  ];
  return names.length === 0
    ? []
    : [extension(identifiers.subjectAlternativeName, false, der.sequence(...names))];
}

export interface RequestedNames {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
}

/** A new private key, P-256, PEM. */
export async function makePrivateKey(): Promise<string> {
  return pemOfKey((await generateKeys()).privateKey);
}

/** A certificate signing request for the key, both PEM. */
export function makeCertificateRequest(key: string, wanted: RequestedNames): string {
  const privateKey: KeyObject = createPrivateKey(key);
  const part = (identifier: string, value: string) =>
    der.encode(der.tags.set, der.sequence(der.objectIdentifier(identifier), der.utf8String(value)));
  const extensionRequest = der.sequence(
    der.objectIdentifier('1.2.840.113549.1.9.14'),
    der.encode(
      der.tags.set,
      der.sequence(
        extension(
          identifiers.subjectAlternativeName,
          false,
          der.sequence(...wanted.names.map(alternativeName)),
        ),
      ),
    ),
  );
  const information = der.sequence(
    der.positiveInteger(Buffer.from([0])),
    der.sequence(
      ...wanted.organizations.map((each) => part(identifiers.organization, each)),
      part(identifiers.commonName, wanted.commonName),
    ),
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    wanted.names.length === 0
      ? der.encode(der.contextTag(0, true))
      : der.encode(der.contextTag(0, true), extensionRequest),
  );
  const signature = sign('sha256', information, privateKey);
  const whole = der.sequence(information, signatureAlgorithm(privateKey), der.bitString(signature));
  return pemOf('CERTIFICATE REQUEST', whole);
}
