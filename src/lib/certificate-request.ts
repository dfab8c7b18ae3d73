/**
 * Reads certificate signing requests: PKCS #10 (RFC 2986), in PEM. What a request says is told in plain values, and
 * whoever signs it writes those values anew: so nothing can be read one way by who approves and another way by who
 * verifies the certificate.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import * as der from './der.ts';
import { formatAddress } from './ip.ts';

/** One part of a distinguished name, in its order. */
export interface NamePart {
  /** `2.5.4.3` */
  readonly identifier: string;
  readonly text: string;
}

export interface CertificateRequest {
  readonly subject: readonly NamePart[];
  /** Of several the last, as Go has it; empty when there is none. */
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
  readonly publicKey: KeyObject;
}

/** Why a request cannot be used; the message is for whoever sent it. */
export class CertificateRequestError extends Error {}

const commonNameIdentifier = '2.5.4.3';
const organizationIdentifier = '2.5.4.10';
const extensionRequestIdentifier = '1.2.840.113549.1.9.14';
const alternativeNameIdentifier = '2.5.29.17';

/** Bytes of PEM; a request with a key of 16,384 bits and a hundred names has 8 KB. */
export const certificateRequestBytesMax = 64 * 1024;

/** Hash for node:crypto by the signature's algorithm; null: the algorithm has its own. Nothing with SHA-1. */
const signatureHashes: ReadonlyMap<string, string | null> = new Map([
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.3.101.112', null],
]);

const refuse = (why: string): CertificateRequestError => new CertificateRequestError(why);

/** The content of the one PEM block. Throws CertificateRequestError in upstream's words. */
function pemContent(pem: string): Buffer {
  if (pem.length > certificateRequestBytesMax)
    throw refuse(`the request has more than ${certificateRequestBytesMax} bytes`);
  const block = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/.exec(pem);
  // Upstream says the same of what is no PEM at all.
  if (block?.[1] !== 'CERTIFICATE REQUEST') throw refuse('PEM block type must be CERTIFICATE REQUEST');
  return Buffer.from((block[2] ?? '').replace(/\s/g, ''), 'base64');
}

/** Throws CertificateRequestError: what is wrong with its form, its key or its signature. */
export function parseCertificateRequest(pem: string): CertificateRequest {
  const content = pemContent(pem);
  try {
    return parse(content);
  } catch (failure) {
    if (failure instanceof RangeError || failure instanceof TypeError)
      throw refuse(`asn1: structure error: ${failure.message}`);
    throw failure;
  }
}

function parse(content: Buffer): CertificateRequest {
  const [whole, ...rest] = der.decodeAll(content);
  if (whole === undefined || rest.length > 0) throw refuse('asn1: syntax error: trailing data');
  const [information, algorithm, signature] = children(whole, der.tags.sequence);
  if (information === undefined || algorithm === undefined || signature === undefined)
    throw refuse('asn1: syntax error: sequence truncated');
  const [version, subject, keyInformation, attributes] = children(information, der.tags.sequence);
  if (version?.tag !== der.tags.integer || subject === undefined || keyInformation === undefined)
    throw refuse('asn1: syntax error: sequence truncated');
  const publicKey = keyOf(keyInformation);
  checkSignature(information, { publicKey, algorithm, signature });
  const parts = nameParts(subject);
  const texts = (identifier: string) =>
    parts.filter((part) => part.identifier === identifier).map(({ text }) => text);
  return {
    subject: parts,
    commonName: texts(commonNameIdentifier).at(-1) ?? '',
    organizations: texts(organizationIdentifier),
    ...alternativeNames(attributes),
    publicKey,
  };
}

/** The values inside a constructed one. */
function children(value: der.DerValue, tag: number): der.DerValue[] {
  if (value.tag !== tag) throw new RangeError(`tag ${value.tag} stands where ${tag} is wanted`);
  return der.decodeAll(value.content);
}

function keyOf(information: der.DerValue): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(information.whole), format: 'der', type: 'spki' });
  } catch {
    throw refuse('x509: unsupported or malformed public key');
  }
}

/** Who asks has the private key: the request is signed with it. */
function checkSignature(
  information: der.DerValue,
  parts: { publicKey: KeyObject; algorithm: der.DerValue; signature: der.DerValue },
): void {
  const { publicKey, algorithm, signature } = parts;
  const [identifier] = children(algorithm, der.tags.sequence);
  const hash = identifier && signatureHashes.get(identifierOf(identifier));
  if (hash === undefined) throw refuse('x509: cannot verify signature: algorithm unimplemented');
  if (signature.tag !== der.tags.bitString || signature.content[0] !== 0)
    throw refuse('asn1: structure error: the signature is no bit string of whole bytes');
  let isGood = false;
  try {
    isGood = verify(hash, information.whole, publicKey, signature.content.subarray(1));
  } catch {
    // The key is of another kind than the algorithm: that is no good signature either.
  }
  if (!isGood) throw refuse('x509: signature verification failure');
}

/** `2.5.29.17` */
function identifierOf({ tag, content }: der.DerValue): string {
  if (tag !== der.tags.objectIdentifier || content.length === 0)
    throw new RangeError('an object identifier is wanted');
  const parts: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER / 128) throw new RangeError('an object identifier is too large');
    if ((byte & 0x80) !== 0) continue;
    parts.push(value);
    value = 0;
  }
  const first = parts[0] ?? 0;
  const top = Math.min(Math.floor(first / 40), 2);
  return [top, first - top * 40, ...parts.slice(1)].join('.');
}

/** A text that ends early for some of its readers, as in CVE-2009-2408, is none. */
function textOf(value: der.DerValue): string {
  const text = decodedText(value);
  if (text.includes('\0')) throw new RangeError('a text has a character that is none');
  return text;
}

function decodedText({ tag, content }: der.DerValue): string {
  const bytes = Buffer.from(content);
  if (tag === der.tags.utf8String) return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  if (tag === der.tags.printableString || tag === der.tags.ia5String) return asciiText(bytes);
  if (tag === der.tags.teletexString) return bytes.toString('latin1');
  if (tag === der.tags.bmpString && bytes.length % 2 === 0) return bytes.swap16().toString('utf16le');
  throw new RangeError(`a text of tag ${tag} is not known`);
}

function asciiText(bytes: Uint8Array): string {
  if (bytes.some((byte) => byte > 0x7f)) throw new RangeError('a text has characters that are not ASCII');
  return Buffer.from(bytes).toString('latin1');
}

function nameParts(subject: der.DerValue): NamePart[] {
  return children(subject, der.tags.sequence).flatMap((set) =>
    children(set, der.tags.set).map((pair) => {
      const [identifier, value] = children(pair, der.tags.sequence);
      if (identifier === undefined || value === undefined) throw new RangeError('a name has half a part');
      return { identifier: identifierOf(identifier), text: textOf(value) };
    }),
  );
}

type AlternativeNames = Pick<CertificateRequest, 'dnsNames' | 'addresses' | 'emailAddresses' | 'uris'>;

/** From the extensions that are asked for; everything else that is asked for has no say. */
function alternativeNames(attributes: der.DerValue | undefined): AlternativeNames {
  const names = {
    dnsNames: [] as string[],
    addresses: [] as string[],
    emailAddresses: [] as string[],
    uris: [] as string[],
  };
  for (const extension of requestedExtensions(attributes)) {
    const parts = children(extension, der.tags.sequence);
    const [identifier] = parts;
    if (identifier === undefined || identifierOf(identifier) !== alternativeNameIdentifier) continue;
    const value = parts.at(-1) as der.DerValue;
    const [list] = children(value, der.tags.octetString);
    if (list === undefined) continue;
    for (const { tag, content } of children(list, der.tags.sequence))
      if (tag === der.contextTag(1, false)) names.emailAddresses.push(asciiText(content));
      else if (tag === der.contextTag(2, false)) names.dnsNames.push(asciiText(content));
      else if (tag === der.contextTag(6, false)) names.uris.push(asciiText(content));
      else if (tag === der.contextTag(7, false)) names.addresses.push(addressOf(content));
  }
  return names;
}

function requestedExtensions(attributes: der.DerValue | undefined): der.DerValue[] {
  if (attributes === undefined) return [];
  return children(attributes, der.contextTag(0, true)).flatMap((attribute) => {
    const [identifier, values] = children(attribute, der.tags.sequence);
    if (identifier === undefined || values === undefined)
      throw new RangeError('an attribute has half a part');
    if (identifierOf(identifier) !== extensionRequestIdentifier) return [];
    return children(values, der.tags.set).flatMap((list) => children(list, der.tags.sequence));
  });
}

function addressOf(bytes: Uint8Array): string {
  if (bytes.length !== 4 && bytes.length !== 16)
    throw refuse(`x509: cannot parse IP address of length ${bytes.length}`);
  return formatAddress(
    bytes.length === 4 ? 'IPv4' : 'IPv6',
    BigInt(`0x${Buffer.from(bytes).toString('hex')}`),
  );
}
