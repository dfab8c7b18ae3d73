/**
 * Makes keys and certificates (RFC 5280) with node:crypto alone: a library for it takes 90 ms to load and 15 MB to
 * keep, more than all other steps of a first start together.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import * as der from '../lib/der.ts';
import { type Address, parseAddress } from '../lib/ip.ts';

/** Both PEM; the key as PKCS #8. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What a leaf certificate is to say. */
export interface Wanted {
  readonly commonName: string;
  readonly organization: string | undefined;
  /** DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly usage: 'server' | 'client';
}

const yearMilliseconds = 365 * 24 * 3600 * 1000;
const authorityYears = 10;
const leafYears = 1;
/** A clock that is a little behind must still find the certificate valid. */
const skewMilliseconds = 5 * 60 * 1000;

export const identifiers = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  rsaWithSha256: '1.2.840.113549.1.1.11',
} as const;

/** A self-signed authority, named as kubeadm names its own. */
export async function issueAuthority(now: number): Promise<KeyPair> {
  const keys = await generateKeys();
  const name = distinguishedName({ commonName: 'kubernetes', organization: undefined });
  const identifier = keyIdentifier(keys.publicKey);
  return {
    key: pemOfKey(keys.privateKey),
    certificate: signed(keys.privateKey, {
      issuer: name,
      subject: name,
      validity: validity(now, authorityYears),
      publicKey: keys.publicKey,
      extensions: [
        extension(identifiers.basicConstraints, true, der.sequence(der.boolean(true))),
        // digitalSignature, keyCertSign, cRLSign
        extension(identifiers.keyUsage, true, der.bitString(Buffer.from([0b1000_0110]), 1)),
        extension(identifiers.subjectKeyIdentifier, false, der.octetString(identifier)),
      ],
    }),
  };
}

export async function issueLeaf(authority: KeyPair, wanted: Wanted & { now: number }): Promise<KeyPair> {
  const issuer = issuerOf(authority.certificate);
  const keys = await generateKeys();
  const extensions = [
    extension(identifiers.basicConstraints, true, der.sequence()),
    // digitalSignature
    extension(identifiers.keyUsage, true, der.bitString(Buffer.from([0b1000_0000]), 7)),
    extension(
      identifiers.extendedKeyUsage,
      false,
      der.sequence(der.objectIdentifier(identifiers[wanted.usage])),
    ),
  ];
  if (issuer.keyIdentifier !== undefined)
    extensions.push(
      extension(
        identifiers.authorityKeyIdentifier,
        false,
        der.sequence(der.encode(der.contextTag(0, false), issuer.keyIdentifier)),
      ),
    );
  if (wanted.names.length > 0)
    extensions.push(
      extension(
        identifiers.subjectAlternativeName,
        false,
        der.sequence(...wanted.names.map(alternativeName)),
      ),
    );
  return {
    key: pemOfKey(keys.privateKey),
    certificate: signed(createPrivateKey(authority.key), {
      issuer: issuer.name,
      subject: distinguishedName(wanted),
      validity: validity(wanted.now, leafYears),
      publicKey: keys.publicKey,
      extensions,
    }),
  };
}

/** A P-256 key, PEM, PKCS #8: signs tokens with ES256. */
export async function makeSigningKey(): Promise<string> {
  return pemOfKey((await generateKeys()).privateKey);
}

export function generateKeys(): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  return promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
}

export interface Contents {
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly validity: Uint8Array;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Uint8Array[];
}

export function signed(key: KeyObject, contents: Contents): string {
  const algorithm = signatureAlgorithm(key);
  const version3 = der.encode(der.contextTag(0, true), der.positiveInteger(Buffer.from([2])));
  const unsigned = der.sequence(
    version3,
    der.positiveInteger(serialNumber()),
    algorithm,
    contents.issuer,
    contents.validity,
    contents.subject,
    contents.publicKey.export({ type: 'spki', format: 'der' }),
    der.encode(der.contextTag(3, true), der.sequence(...contents.extensions)),
  );
  const certificate = der.sequence(unsigned, algorithm, der.bitString(sign('sha256', unsigned, key)));
  return pemOf('CERTIFICATE', certificate);
}

/** RFC 7468 */
export function pemOf(label: string, content: Buffer): string {
  const lines = content.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** An authority that somebody brought along may have an RSA key. */
export function signatureAlgorithm(key: KeyObject): Buffer {
  return key.asymmetricKeyType === 'rsa'
    ? der.sequence(der.objectIdentifier(identifiers.rsaWithSha256), der.encode(der.tags.null))
    : der.sequence(der.objectIdentifier(identifiers.ecdsaWithSha256));
}

/** 127 random bits, never shorter. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

function validity(now: number, years: number): Buffer {
  return der.sequence(der.time(now - skewMilliseconds), der.time(now + years * yearMilliseconds));
}

function distinguishedName(name: Pick<Wanted, 'commonName' | 'organization'>): Buffer {
  const part = (identifier: string, value: string) =>
    der.encode(der.tags.set, der.sequence(der.objectIdentifier(identifier), der.utf8String(value)));
  return der.sequence(
    ...(name.organization === undefined ? [] : [part(identifiers.organization, name.organization)]),
    part(identifiers.commonName, name.commonName),
  );
}

export function extension(identifier: string, critical: boolean, value: Uint8Array): Buffer {
  return der.sequence(
    der.objectIdentifier(identifier),
    ...(critical ? [der.boolean(true)] : []),
    der.octetString(value),
  );
}

export function alternativeName(name: string): Buffer {
  const address = parseAddress(name);
  return address === undefined
    ? der.encode(der.contextTag(2, false), Buffer.from(name, 'ascii'))
    : der.encode(der.contextTag(7, false), addressBytes(address));
}

function addressBytes({ family, value }: Address): Buffer {
  const digits = family === 'IPv4' ? 8 : 32;
  return Buffer.from(value.toString(16).padStart(digits, '0'), 'hex');
}

/** SHA-1 of the public key's bits (RFC 5280 4.2.1.2): a name, not a defence. */
function keyIdentifier(key: KeyObject): Buffer {
  const [info] = der.decodeAll(key.export({ type: 'spki', format: 'der' }));
  const [, bits] = der.decodeAll(info!.content);
  return createHash('sha1').update(bits!.content.subarray(1)).digest();
}

/** Name and key identifier of an authority, byte for byte as they stand in its certificate. */
export function issuerOf(certificate: string): { name: Uint8Array; keyIdentifier: Uint8Array | undefined } {
  const [whole] = der.decodeAll(new X509Certificate(certificate).raw);
  const [unsigned] = der.decodeAll(whole!.content);
  // version, serial number, algorithm, issuer, validity, subject, key, then what is optional
  const fields = der.decodeAll(unsigned!.content);
  const wrapped = fields.find(({ tag }) => tag === der.contextTag(3, true));
  const [list] = wrapped === undefined ? [] : der.decodeAll(wrapped.content);
  const wanted = der.objectIdentifier(identifiers.subjectKeyIdentifier);
  const found = (list === undefined ? [] : der.decodeAll(list.content))
    .map(({ content }) => der.decodeAll(content))
    .find(([identifier]) => wanted.equals(identifier!.whole));
  const value = found?.at(-1);
  const [identifier] = value === undefined ? [] : der.decodeAll(value.content);
  return { name: fields[5]!.whole, keyIdentifier: identifier?.content };
}

export function pemOfKey(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The public half of a private key in PEM form; throws when it is none. */
export function publicKeyOf(privateKey: string): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}
