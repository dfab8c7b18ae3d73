import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { StreamHandlers } from './transport.ts';
import { LineSplitter, readWatch } from './watch-stream.ts';

/** What a reader tells of the chunks. */
function reading(chunks: readonly (string | Uint8Array)[]): string[] {
  const told: string[] = [];
  let handlers: StreamHandlers | undefined;
  readWatch(
    {
      open: (given) => {
        handlers = given;
      },
      cancel: () => told.push('cancelled'),
    },
    {
      onEvent: ({ type, object }) => told.push(`${type} ${object.metadata.name}`),
      onEnd: (error) => told.push(error === undefined ? 'end' : `${error.name}: ${error.message}`),
    },
  );
  for (const chunk of chunks) handlers?.onChunk(Buffer.from(chunk));
  handlers?.onEnd();
  return told;
}

const line = (type: string, name: string) => `${JSON.stringify({ type, object: { metadata: { name } } })}\n`;
const status = { kind: 'Status', message: 'too old', reason: 'Expired', code: 410 };

describe('a watch stream', () => {
  const cases: Record<string, { chunks: string[]; told: string[] }> = {
    'events in one chunk': {
      chunks: [line('ADDED', 'a') + line('DELETED', 'a')],
      told: ['ADDED a', 'DELETED a', 'cancelled', 'end'],
    },
    'an ERROR ends it': {
      chunks: [
        `${line('ADDED', 'a')}${JSON.stringify({ type: 'ERROR', object: status })}\n${line('ADDED', 'b')}`,
      ],
      told: ['ADDED a', 'cancelled', 'StatusError: too old'],
    },
    'an end within an event': {
      chunks: ['{"type":"ADD'],
      told: ['cancelled', 'TransportError: the watch broke off within an event'],
    },
    'what is no JSON': {
      chunks: ['hello\n'],
      told: ['cancelled', 'TransportError: the server\'s answer is not JSON: "hello"'],
    },
    'an unknown type': {
      chunks: [line('__proto__', 'a')],
      told: ['cancelled', 'TransportError: a watch event has the unknown type "__proto__"'],
    },
    'a line without end': {
      chunks: Array.from({ length: 9 }, () => 'x'.repeat(1024 * 1024)),
      told: ['cancelled', 'TransportError: a line of the watch is longer than 8388608 bytes'],
    },
  };
  for (const [name, { chunks, told }] of Object.entries(cases))
    test(name, () => assert.deepEqual(reading(chunks), told));

  test('lines come out whole however the bytes are cut', () => {
    const texts = fc.array(
      fc.string({ minLength: 1, unit: 'grapheme' }).map((each) => each.replaceAll('\n', '_')),
    );
    fc.assert(
      fc.property(texts, fc.array(fc.nat(40)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));
        const splitter = new LineSplitter();
        const found: string[] = [];
        let at = 0;
        for (const size of [...cuts, bytes.length]) {
          for (const each of splitter.split(bytes.subarray(at, at + size)))
            found.push(Buffer.from(each).toString());
          at = Math.min(bytes.length, at + size);
        }
        assert.deepEqual(found, lines);
        assert.ok(splitter.isWhole);
      }),
      { interruptAfterTimeLimit: 2000 },
    );
  });
});
