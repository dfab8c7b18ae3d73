/**
 * Records of an answer with their names written out, so that they can stand in another message, whatever their type.
 * Source: RFC 1035, 4.1.4 (compression); RFC 3597, 4 (only the types of old may have compressed names inside).
 */
import { nameBytesMax } from './limits.ts';
import { internetClass, recordTypes, skipName, type WireName } from './wire.ts';

/** Bytes before the names in a record's data, and how many names there are; only of a SOA more follows. */
const namesInData: ReadonlyMap<number, readonly [before: number, names: number]> = new Map([
  [recordTypes.NS, [0, 1]],
  [recordTypes.CNAME, [0, 1]],
  [recordTypes.SOA, [0, 2]],
  [recordTypes.PTR, [0, 1]],
  // MINFO, MX, RP, AFSDB, RT, DNAME
  [14, [0, 2]],
  [15, [2, 1]],
  [17, [0, 2]],
  [18, [2, 1]],
  [21, [2, 1]],
  [recordTypes.SRV, [6, 1]],
  [39, [0, 1]],
]);

/** Undefined when it is cut off, too long, or points elsewhere than back: then it could go round for ever. */
function wholeName(message: Buffer, start: number): WireName | undefined {
  let name = '';
  for (let at = start, before = start; ; ) {
    const length = message[at];
    if (length === undefined) return undefined;
    if (length >= 0xc0) {
      if (at + 2 > message.length) return undefined;
      at = message.readUInt16BE(at) & 0x3fff;
      if (at >= before) return undefined;
      before = at;
      continue;
    }
    if (length >= 0x40 || at + 1 + length > message.length) return undefined;
    name += message.toString('latin1', at, at + 1 + length);
    if (name.length > nameBytesMax) return undefined;
    if (length === 0) return name;
    at += 1 + length;
  }
}

const soaNumbersBytes = 20;

function wholeData(message: Buffer, type: number, { start, end }: { start: number; end: number }) {
  const layout = namesInData.get(type);
  if (layout === undefined) return message.subarray(start, end);
  const [before, names] = layout;
  const parts = [message.subarray(start, start + before)];
  let at = start + before;
  for (let index = 0; index < names; index++) {
    const name = wholeName(message, at);
    const next = skipName(message, at);
    if (name === undefined || next === undefined || next > end) return undefined;
    parts.push(Buffer.from(name, 'latin1'));
    at = next;
  }
  if (end - at !== (type === recordTypes.SOA ? soaNumbersBytes : 0)) return undefined;
  return Buffer.concat([...parts, message.subarray(at, end)]);
}

/**
 * Those of the answer section that lead from a name to what was asked for: of the type, and aliases. Undefined when one
 * of them is not well-formed. `start`: where the section begins.
 */
export function plainAnswers(message: Buffer, wantedType: number, start: number): Buffer[] | undefined {
  const records: Buffer[] = [];
  let at: number | undefined = start;
  for (let index = 0; index < message.readUInt16BE(6); index++) {
    const owner = wholeName(message, at);
    at = skipName(message, at);
    if (owner === undefined || at === undefined || at + 10 > message.length) return undefined;
    const type = message.readUInt16BE(at);
    const place = { start: at + 10, end: at + 10 + message.readUInt16BE(at + 8) };
    if (place.end > message.length) return undefined;
    if (type === recordTypes.CNAME || type === wantedType) {
      const data = wholeData(message, type, place);
      if (data === undefined) return undefined;
      records.push(plainRecord(owner, type, { seconds: message.readUInt32BE(at + 4), data }));
    }
    at = place.end;
  }
  return records;
}

function plainRecord(owner: WireName, type: number, { seconds, data }: { seconds: number; data: Buffer }) {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(internetClass, 2);
  fixed.writeUInt32BE(seconds, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([Buffer.from(owner, 'latin1'), fixed, data]);
}

/** `web.default.svc.cluster.local.` leads to `example.com.` */
export const aliasRecord = (owner: WireName, target: WireName, seconds: number): Buffer =>
  plainRecord(owner, recordTypes.CNAME, { seconds, data: Buffer.from(target, 'latin1') });
