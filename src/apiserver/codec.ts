/**
 * An object is turned to bytes once. What is stored has no resourceVersion, because the revision is only known once
 * the commit is done; what goes over the wire has it spliced in at a fixed place, without a second serialization.
 */

import type { ManagedFieldsEntry } from '../kinds/generated/types.ts';
import type { Kind } from '../kinds/kind.ts';
import { type AnyObject, apiVersionOf } from '../kinds/object.ts';
import { encodedFields } from './apply/created-fields.ts';
import { ByteWriter } from './byte-writer.ts';
import { encodedNamesMax } from './limits.ts';

const metadataOpening = '"metadata":{';

/** `{"kind":"Pod","apiVersion":"v1","metadata":{` : every stored object of the kind begins so. */
function openingOf(kind: Kind): string {
  return `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersionOf(kind.group, kind.version))},${metadataOpening}`;
}

const openings = new WeakMap<Kind, { readonly text: string; readonly bytes: Buffer }>();

function openingFor(kind: Kind): { readonly text: string; readonly bytes: Buffer } {
  let opening = openings.get(kind);
  if (opening === undefined) {
    const text = openingOf(kind);
    opening = { text, bytes: Buffer.from(text) };
    openings.set(kind, opening);
  }
  return opening;
}

/**
 * Gives out bytes of their own. What is kept must not come from Buffer's pool: there one small object would keep 64 KiB
 * alive, with all that was once beside it.
 */
const writer = new ByteWriter();

/** The bytes to store. `metadata` is never empty (an object has a name), so the splice below needs no care for commas. */
export function encodeStored(kind: Kind, object: AnyObject): Uint8Array {
  writer.clear();
  writer.text(openingFor(kind).text);
  writeMetadata(object.metadata);
  for (const field in object) {
    if (field === 'kind' || field === 'apiVersion' || field === 'metadata') continue;
    const value = JSON.stringify(object[field]);
    if (value === undefined) continue;
    writer.text(`,${nameText(field)}`);
    writer.text(value);
  }
  writer.text('}');
  return writer.take();
}

const nameTexts = new Map<string, string>();

/** `"spec":`. The fields of objects and of their metadata are the types' own: there are few. */
function nameText(field: string): string {
  const known = nameTexts.get(field);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(field)}:`;
  if (nameTexts.size < encodedNamesMax) nameTexts.set(field, text);
  return text;
}

/** Its members and the closing brace. */
function writeMetadata(metadata: AnyObject['metadata']): void {
  let text = '';
  let separator = '';
  for (const field in metadata) {
    const value = metadata[field as keyof typeof metadata];
    if (field === 'resourceVersion' || value === undefined) continue;
    text += separator + nameText(field);
    separator = ',';
    if (field === 'managedFields' && Array.isArray(value)) {
      writer.text(text);
      writeManagedFields(value as readonly ManagedFieldsEntry[]);
      text = '';
    } else text += JSON.stringify(value);
  }
  writer.text(`${text}}`);
}

/** Who owns what makes up half of a new object, and has been written out already for another of its kind. */
function writeManagedFields(entries: readonly ManagedFieldsEntry[]): void {
  let text = '[';
  for (const entry of entries) {
    const { fieldsV1 } = entry;
    const known = typeof fieldsV1 === 'object' && fieldsV1 !== null ? encodedFields(fieldsV1) : undefined;
    if (text !== '[') text += ',';
    if (known === undefined) {
      text += JSON.stringify(entry);
      continue;
    }
    // `fieldsV1` may stand anywhere among the members: their order means nothing.
    const rest = JSON.stringify({ ...entry, fieldsV1: undefined });
    writer.text(`${text}${rest.slice(0, -1)}${rest === '{}' ? '' : ','}"fieldsV1":`);
    writer.bytes(known);
    text = '}';
  }
  writer.text(`${text}]`);
}

/** The same object without its kind and apiVersion, from `metadata` on: `"metadata":{...},"spec":...}`. Not a copy. */
export function withoutTypeBytes(kind: Kind, wire: Uint8Array): Uint8Array {
  return wire.subarray(openingFor(kind).bytes.length - metadataOpening.length);
}

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
  const opening = openingFor(kind).bytes;
  return splice(opening, revision, stored, opening.length);
}

/** The same object at another revision: what a delete event carries. */
export function rewire(kind: Kind, wire: Uint8Array, revision: { from: number; to: number }): Uint8Array {
  const opening = openingFor(kind).bytes;
  const old = `"resourceVersion":"${revision.from}",`;
  return splice(opening, revision.to, wire, opening.length + old.length);
}

/** Parses wire or stored bytes. They were written by this process or one like it, so they are trusted. */
export function decodeTrusted(bytes: Uint8Array): AnyObject {
  return JSON.parse(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
  ) as AnyObject;
}
