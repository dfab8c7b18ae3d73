/**
 * An object is turned to bytes once. What is stored has no resourceVersion, because the revision is only known once
 * the commit is done; what goes over the wire has it spliced in at a fixed place, without a second serialization.
 */
import type { Kind } from '../kinds/kind.ts';
import { type AnyObject, apiVersionOf } from '../kinds/object.ts';

/** `{"kind":"Pod","apiVersion":"v1","metadata":{` : every stored object of the kind begins so. */
function openingOf(kind: Kind): string {
  return `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersionOf(kind.group, kind.version))},"metadata":{`;
}

const openings = new WeakMap<Kind, Buffer>();

function openingBytes(kind: Kind): Buffer {
  let opening = openings.get(kind);
  if (opening === undefined) {
    opening = Buffer.from(openingOf(kind));
    openings.set(kind, opening);
  }
  return opening;
}

/** The bytes to store. `metadata` is never empty (an object has a name), so the splice below needs no care for commas. */
export function encodeStored(kind: Kind, object: AnyObject): Uint8Array {
  const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = object;
  const { resourceVersion: _resourceVersion, ...meta } = metadata;
  const tail = JSON.stringify(rest);
  const text = `${openingOf(kind)}${JSON.stringify(meta).slice(1)}${tail === '{}' ? '}' : `,${tail.slice(1)}`}`;
  return encoder.encode(text);
}

/**
 * Makes bytes of their own. What is kept must not come from Buffer's pool: there one small object would keep 64 KiB
 * alive, with all that was once beside it.
 */
const encoder = new TextEncoder();

/** `opening`, the resourceVersion, and what comes after `skip` bytes of `from`. */
function splice(opening: Buffer, revision: number, from: Uint8Array, skip: number): Uint8Array {
  const version = `"resourceVersion":"${revision}",`;
  const bytes = Buffer.allocUnsafeSlow(opening.length + version.length + from.length - skip);
  bytes.set(opening);
  bytes.write(version, opening.length, 'latin1');
  bytes.set(skip === 0 ? from : from.subarray(skip), opening.length + version.length);
  return bytes;
}

/** The wire form of stored bytes at a revision. */
export function encodeWire(kind: Kind, stored: Uint8Array, revision: number): Uint8Array {
  const opening = openingBytes(kind);
  return splice(opening, revision, stored, opening.length);
}

/** The same object at another revision: what a delete event carries. */
export function rewire(kind: Kind, wire: Uint8Array, revision: { from: number; to: number }): Uint8Array {
  const opening = openingBytes(kind);
  const old = `"resourceVersion":"${revision.from}",`;
  return splice(opening, revision.to, wire, opening.length + old.length);
}

/** Parses wire or stored bytes. They were written by this process or one like it, so they are trusted. */
export function decodeTrusted(bytes: Uint8Array): AnyObject {
  return JSON.parse(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
  ) as AnyObject;
}
