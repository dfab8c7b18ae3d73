/**
 * Reads the protobuf wire format: fields one after the other, each with its number and wire type.
 * Source: protobuf.dev, "Encoding". Groups (wire types 3 and 4) were deprecated before proto3 and are refused.
 */
import { WherryError } from './errors.ts';

export class ProtobufError extends WherryError {
  constructor(message: string) {
    super('BAD_PROTOBUF', message);
  }
}

export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const varintBytesMax = 10;
const utf8 = new TextDecoder('utf-8', { fatal: true });

export class ProtobufReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next field's number and wire type; its value has to be read or skipped next. */
  key(): { number: number; wireType: number } {
    const key = Number(this.varint());
    const number = Math.floor(key / 8);
    if (number < 1 || number > 2 ** 29 - 1) throw new ProtobufError(`illegal field number ${number}`);
    return { number, wireType: key % 8 };
  }

  /** As an unsigned 64-bit number. */
  varint(): bigint {
    // Nearly all are short; numbers are much faster than bigints.
    let low = 0;
    for (let index = 0; index < 4; index += 1) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let index = 4; index < varintBytesMax; index += 1) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError('a varint is longer than 10 bytes');
  }

  int32(): number {
    return Number(BigInt.asIntN(32, this.varint()));
  }

  /** Beyond 2^53 the last digits are lost, as in JSON. */
  int64(): number {
    return Number(BigInt.asIntN(64, this.varint()));
  }

  double(): number {
    const at = this.#take(8);
    return this.#view.getFloat64(at, true);
  }

  bytes(): Uint8Array {
    const length = Number(this.varint());
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Go refuses invalid UTF-8 nowhere here, but JSON cannot carry it. */
  string(): string {
    try {
      return utf8.decode(this.bytes());
    } catch (error) {
      if (error instanceof ProtobufError) throw error;
      throw new ProtobufError('a string is not valid UTF-8');
    }
  }

  /** Passes over the value of a field that nobody knows. */
  skip(wireType: number): void {
    if (wireType === wireTypes.varint) this.varint();
    else if (wireType === wireTypes.bytes) this.bytes();
    else if (wireType === wireTypes.fixed64) this.#take(8);
    else if (wireType === wireTypes.fixed32) this.#take(4);
    else throw new ProtobufError(`illegal wire type ${wireType}`);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new ProtobufError('unexpected end of the message');
    this.#at += 1;
    return byte;
  }

  /** Moves over `length` bytes and answers where they begin. */
  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw new ProtobufError('unexpected end of the message');
    this.#at = at + length;
    return at;
  }
}
