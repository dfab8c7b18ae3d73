/** HTTP/2 frames by hand (RFC 9113), for what no client library would send. */
import type { Duplex } from 'node:stream';

export const frameTypes = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  continuation: 9,
} as const;

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** GET of a path, in HPACK without a dynamic table. */
export function requestHeaders(path: string): Buffer {
  const literal = (index: number, text: string) =>
    Buffer.concat([Buffer.from([index, text.length]), Buffer.from(text)]);
  // :method GET and :scheme https stand in the static table; :path and :authority are literals.
  return Buffer.concat([Buffer.from([0x82, 0x87]), literal(0x04, path), literal(0x01, 'localhost')]);
}

/** Gathers the frames that come, as they come. */
export function readFrames(socket: Duplex): { type: number; stream: number; payload: Buffer }[] {
  const frames: { type: number; stream: number; payload: Buffer }[] = [];
  let held = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 9) {
      const end = 9 + held.readUIntBE(0, 3);
      if (held.length < end) return;
      frames.push({ type: held[3]!, stream: held.readUInt32BE(5), payload: held.subarray(9, end) });
      held = held.subarray(end);
    }
  });
  return frames;
}
