import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { type ServedStream, serveSpdy } from '../../../test/tunnels/spdy-server.ts';
import { controlFrame, frameTypes, words } from './frames.ts';
import { SpdySession } from './session.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A session and who serves it, with a log of what the asking side hears. */
function pair() {
  const [near, far] = duplexPair();
  const log: string[] = [];
  const served: ServedStream[] = [];
  let closed: (error: Error | undefined) => void = () => {};
  const over = new Promise<Error | undefined>((resolve) => {
    closed = resolve;
  });
  const session = new SpdySession(near, (error) => {
    log.push(`closed ${error?.message ?? 'well'}`);
    closed(error);
  });
  const open = (name: string) =>
    session.open(
      { streamtype: name },
      {
        onData: (bytes) => log.push(`${name}: ${Buffer.from(bytes)}`),
        onEnd: () => log.push(`${name} ended`),
      },
    );
  return { near, far, log, served, session, open, over };
}

test('streams go their own ways, each half closed by itself', async () => {
  const { far, log, served, open } = pair();
  serveSpdy(far, (stream) => {
    served.push(stream);
    stream.onData = (bytes) => stream.write(Buffer.from(bytes).toString().toUpperCase());
    stream.onEnd = () => stream.end();
  });
  const [one, other] = [open('one'), open('other')];
  one.write(Buffer.from('a'));
  other.write(Buffer.from('b'));
  other.end();
  other.end();
  other.write(Buffer.from('too late'));
  for (let count = 0; count < 10; count++) await turn();
  one.write(Buffer.from('c'));
  for (let count = 0; count < 10; count++) await turn();
  assert.deepEqual(
    served.map(({ id, headers }) => [id, headers.get('streamtype')]),
    [
      [1, 'one'],
      [3, 'other'],
    ],
  );
  assert.deepEqual(log, ['one: A', 'other: B', 'other ended', 'one: C']);
});

const endings: Record<string, { bytes: Buffer | undefined; log: string[] }> = {
  'the connection ends': { bytes: undefined, log: ['closed well', 'a ended'] },
  'a stream is reset, then the connection ends': {
    bytes: controlFrame(frameTypes.resetStream, 0, words(1, 5)),
    log: ['a ended', 'closed well'],
  },
  'a reply with nothing to follow': {
    bytes: controlFrame(frameTypes.synReply, 1, words(1)),
    log: ['a ended', 'closed well'],
  },
  'no SPDY': {
    bytes: Buffer.from('\xffTTP/1.1 200 OK\r\n', 'latin1'),
    log: ['closed not a SPDY/3 frame', 'a ended'],
  },
  'a frame that is too short': {
    bytes: controlFrame(frameTypes.resetStream, 0, Buffer.alloc(2)),
    log: ['closed a control frame is too short', 'a ended'],
  },
};
for (const [name, { bytes, log: wanted }] of Object.entries(endings))
  test(`every stream hears of the end once: ${name}`, async () => {
    const { far, log, open, over } = pair();
    far.on('error', () => {});
    open('a');
    far.resume();
    far.end(bytes);
    await over;
    assert.deepEqual(log, wanted);
  });

test('pings of the other side are answered, its streams refused', async () => {
  const { far, session } = pair();
  const chunks: Buffer[] = [];
  far.on('data', (chunk: Buffer) => chunks.push(chunk));
  far.write(controlFrame(frameTypes.ping, 0, words(2)));
  far.write(controlFrame(frameTypes.ping, 0, words(1)));
  far.write(controlFrame(frameTypes.synStream, 0, words(4, 0)));
  for (let count = 0; count < 10; count++) await turn();
  assert.equal(
    Buffer.concat(chunks).toString('hex'),
    Buffer.concat([
      controlFrame(frameTypes.ping, 0, words(2)),
      controlFrame(frameTypes.resetStream, 0, words(4, 3)),
    ]).toString('hex'),
  );
  session.close();
});
