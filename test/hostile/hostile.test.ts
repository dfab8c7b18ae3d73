/** Hostile input against the real process: each request gets its answer, and none holds the event loop. */
import assert from 'node:assert/strict';
import type { ClientHttp2Session } from 'node:http2';
import { after, afterEach, before, describe, test } from 'node:test';
import { type Answer, type Asked, askHttp1, askHttp2, http2Session } from './clients.ts';
import { generateCases } from './generated-cases.ts';
import { heavyCases } from './heavy-cases.ts';
import { namedCases } from './named-cases.ts';
import { longestTurnOf, readLongestTurn, type ServerProcess, startProcess } from './process.ts';
import { answersOf, post, rawCases } from './raw-cases.ts';
import { rawConnect, rawExchange } from './tls.ts';

const answerWithinMilliseconds = 10_000;
const holdMillisecondsMax = 50;
const generatedCount = 600;

let server: ServerProcess;
let session: ClientHttp2Session;
before(async () => {
  server = await startProcess();
  session = http2Session(server.target);
});
after(async () => {
  session.close();
  assert.equal(await server.stop(), 0);
});

async function ask(asked: Asked): Promise<Answer> {
  if (session.closed || session.destroyed) session = http2Session(server.target);
  const timeUp = new Promise<never>((_, reject) =>
    setTimeout(
      () => reject(new Error(`no answer to ${asked.method} ${asked.path.slice(0, 200)}`)),
      answerWithinMilliseconds,
    ).unref(),
  );
  return Promise.race([askHttp2(session, asked), timeUp]);
}

/** What is wrong with an answer, whatever was asked; undefined when nothing is. */
function flawOf(answer: Answer, right: readonly number[] = []): string | undefined {
  const text = answer.body.toString();
  if (/\n\s+at |node:internal|\.ts:\d/.test(text)) return `a stack trace: ${text.slice(0, 300)}`;
  if (answer.status === 500 && !right.includes(500)) return `an internal error: ${text.slice(0, 300)}`;
  if (answer.status < 400) return undefined;
  if (answer.headers['content-type']?.toString().startsWith('text/plain')) return undefined;
  let status: { kind?: string; apiVersion?: string; status?: string; code?: number; message?: string };
  try {
    status = JSON.parse(text);
  } catch {
    return `no Status: ${text.slice(0, 300)}`;
  }
  const whole = status.kind === 'Status' && status.apiVersion === 'v1' && status.status === 'Failure';
  return whole && status.code === answer.status && status.message !== ''
    ? undefined
    : `a bad Status: ${text.slice(0, 300)}`;
}

for (const [group, cases] of Object.entries(namedCases))
  describe(`named: ${group}`, () => {
    for (const [name, { status, message, ...asked }] of Object.entries(cases))
      test(name, async () => {
        const answer = await ask(asked);
        assert.equal(flawOf(answer), undefined);
        const right = typeof status === 'number' ? [status] : status;
        assert.ok(right.includes(answer.status), `${answer.status}: ${answer.body.toString().slice(0, 300)}`);
        if (message !== undefined) assert.match(JSON.parse(answer.body.toString()).message, message);
      });
  });

describe('byte by byte', () => {
  for (const [name, { bytes, code, message }] of Object.entries(rawCases))
    test(name, async () => {
      assert.deepEqual(answersOf(await rawExchange(server.target, bytes, 5000)), [{ code, message }]);
    });

  test('bodies that are cut off leave nothing behind', async () => {
    for (let index = 0; index < 50; index++) {
      const socket = await rawConnect(server.target);
      socket.write(post('Content-Type: application/json\r\nContent-Length: 100\r\n', '{"apiVersion":'));
      await new Promise((resolve) => setImmediate(resolve));
      socket.destroy();
    }
    assert.equal((await ask({ path: '/readyz' })).status, 200);
  });
});

describe('generated', () => {
  test(`${generatedCount} requests get one of the answers that are right for their kind`, async () => {
    const wrong: string[] = [];
    const counts: Record<string, number> = {};
    for (const { kind, right, asked } of generateCases(generatedCount)) {
      const answer = await ask(asked);
      counts[kind] = (counts[kind] ?? 0) + 1;
      const flaw =
        flawOf(answer) ??
        (right.includes(answer.status)
          ? undefined
          : `${answer.status} ${answer.body.toString().slice(0, 200)}`);
      if (flaw !== undefined)
        wrong.push(
          `${kind}: ${asked.method ?? 'GET'} ${asked.path} ${String(asked.body ?? '').slice(0, 200)}: ${flaw}`,
        );
    }
    assert.deepEqual(wrong, []);
    assert.ok(Object.values(counts).reduce((sum, count) => sum + count, 0) >= 500, JSON.stringify(counts));
  });
});

/**
 * The rule: no request makes one turn of the event loop compute for more than 50 ms. It may take as many turns as it
 * needs. Each is asked three times and the shortest counts, because the first time pays for compiling what it runs
 * through, and a garbage collection may fall into any; it is not asked again once it has kept the rule.
 */
describe('the event loop', () => {
  before(() => readLongestTurn(server.target));

  // A crash is one failed test, not the failure of all that follow.
  afterEach(async () => {
    if (server.process.exitCode === null && server.process.signalCode === null) return;
    server = await startProcess();
    session = http2Session(server.target);
  });

  for (const [name, { prepare, status, ...asked }] of Object.entries(heavyCases))
    test(`is not held by ${name}`, async () => {
      for (const step of prepare ?? []) assert.equal((await ask(step)).status, 201);
      const holds: number[] = [];
      while (holds.length < 3 && !holds.some((hold) => hold <= holdMillisecondsMax))
        holds.push(
          await longestTurnOf(server.target, async () => {
            const answer = await ask(asked);
            assert.equal(flawOf(answer, status), undefined);
            assert.ok(
              status.includes(answer.status),
              `${answer.status}: ${answer.body.toString().slice(0, 300)}`,
            );
          }),
        );
      const shortest = Math.min(...holds);
      assert.ok(
        shortest <= holdMillisecondsMax,
        `held for ${holds.map((hold) => hold.toFixed(0)).join(', ')} ms`,
      );
    });
});

describe('afterwards', () => {
  test('names of the prototype are plain data', async () => {
    const data = '{"__proto__":"a","constructor":"b","toString":"c"}';
    const path = '/api/v1/namespaces/default/configmaps';
    const headers = { 'content-type': 'application/json' };
    const body = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"prototype","labels":{"constructor":"a"},"annotations":{"toString":"b"}},"data":${data}}`;
    assert.equal((await ask({ method: 'POST', path, headers, body })).status, 201);
    for (const type of ['application/merge-patch+json', 'application/strategic-merge-patch+json'])
      assert.equal(
        (
          await ask({
            method: 'PATCH',
            path: `${path}/prototype`,
            headers: { 'content-type': type },
            body: `{"data":{"hasOwnProperty":"d","__proto__":"a"}}`,
          })
        ).status,
        200,
      );
    const stored = (await ask({ path: `${path}/prototype` })).body.toString();
    const parsed = JSON.parse(stored);
    assert.deepEqual(Object.entries(parsed.data).sort(), [
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['hasOwnProperty', 'd'],
      ['toString', 'c'],
    ]);
    assert.deepEqual(parsed.metadata.labels, { constructor: 'a' });
    const plain = await ask({ path: '/api/v1/namespaces/default' });
    assert.equal(JSON.parse(plain.body.toString()).polluted, undefined);
  });

  test('without a certificate nothing but health and version is told', async () => {
    const { port, authority } = server.target;
    const codes = await Promise.all(
      ['/healthz', '/livez', '/readyz', '/version', '/api', '/api/v1/pods', '/metrics', '/openapi/v2'].map(
        async (path) => [path, (await askHttp1({ port, authority }, { path })).status] as const,
      ),
    );
    assert.deepEqual(Object.fromEntries(codes), {
      '/healthz': 200,
      '/livez': 200,
      '/readyz': 200,
      '/version': 200,
      '/api': 403,
      '/api/v1/pods': 403,
      '/metrics': 403,
      '/openapi/v2': 403,
    });
  });

  test('the server is well, and has logged no failure of its own', async () => {
    assert.equal((await ask({ path: '/readyz' })).body.toString(), 'ok');
    assert.equal(server.process.exitCode, null);
    assert.equal(server.errors(), '');
  });
});
