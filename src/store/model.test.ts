import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { entryLine, record, text } from './contract-tools.ts';
import type { StoreLimits } from './limits.ts';
import { createMemoryStore } from './memory.ts';
import { openSqliteStore } from './sqlite.ts';
import type { CommitResult, Operation, RangeRequest, Store } from './store.ts';
import { temporaryDirectory } from './testing.ts';

/** The store as simple as it can be said: every state there ever was, in full. */
class Model {
  readonly states = [new Map<string, { value: string; createRevision: number; revision: number }>()];
  readonly events: string[] = [];
  compacted = 0;

  get revision(): number {
    return this.states.length;
  }

  commit(operations: readonly Operation[]): CommitResult {
    const state = this.states.at(-1)!;
    for (const { key, expect } of operations) {
      const actual = state.get(key)?.revision ?? 0;
      if (expect !== undefined && expect !== actual) return { committed: false, key, actual };
    }
    const next = new Map(state);
    const revision = this.revision + 1;
    const events: string[] = [];
    for (const { type, key, value } of operations) {
      if (type === 'delete' && next.delete(key)) events.push(`${revision} delete ${key}`);
      if (type !== 'put') continue;
      const createRevision = state.get(key)?.createRevision ?? revision;
      next.set(key, { value: text(value!), createRevision, revision });
      events.push(`${revision} put ${key}=${text(value!)}@${createRevision}`);
    }
    if (events.length === 0) return { committed: true, revision: this.revision };
    this.states.push(next);
    this.events.push(...events);
    return { committed: true, revision };
  }

  range({ from, to, limit = Number.POSITIVE_INFINITY, revision = this.revision }: RangeRequest) {
    if (revision > this.revision) return 'STORE_FUTURE_REVISION';
    if (revision < this.compacted) return 'STORE_COMPACTED';
    const within = (key: string) =>
      to === undefined
        ? key === from
        : Buffer.compare(Buffer.from(key), Buffer.from(from)) >= 0 &&
          Buffer.compare(Buffer.from(key), Buffer.from(to)) < 0;
    const found = [...(this.states[revision - 1] ?? new Map<string, never>())]
      .filter(([key]) => within(key))
      .toSorted(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
      .map(([key, entry]) => `${key}=${entry.value}@${entry.createRevision}..${entry.revision}`);
    return {
      entries: limit === 0 ? [] : found.slice(0, limit),
      revision: this.revision,
      more: limit > 0 && found.length > limit,
    };
  }
}

const key = fc.constantFrom('a', 'b', 'b\0', 'ba', '__proto__', 'toString', '\uffff', '\u{1f600}');
/** How far from the newest revision: some are in the future. */
const back = fc.integer({ min: -1, max: 12 });
const operation = fc.record({
  type: fc.constantFrom('put', 'put', 'delete', 'check'),
  key,
  value: fc.string({ maxLength: 40, unit: 'grapheme' }),
  expectation: fc.constantFrom('none', 'none', 'right', 'right', 'absent', 'wrong'),
} as const);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      step: fc.constant('commits' as const),
      commits: fc.array(fc.uniqueArray(operation, { selector: (made) => made.key, maxLength: 4 }), {
        minLength: 1,
        maxLength: 5,
      }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      step: fc.constant('range' as const),
      from: key,
      to: fc.option(key, { nil: undefined }),
      limit: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
      back: fc.option(back, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('watch' as const), back }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('compact' as const), back }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Expectations are made from the model as it is before the commits of a step: some are outdated by the others. */
function operationsOf(
  model: Model,
  made: (typeof operation extends fc.Arbitrary<infer T> ? T : never)[],
): Operation[] {
  return made.map(({ type, key, value, expectation }) => {
    const current = model.states.at(-1)!.get(key)?.revision ?? 0;
    const expect = { none: undefined, right: current, absent: 0, wrong: current + 1 }[expectation];
    return { type, key, value: new TextEncoder().encode(value), expect };
  });
}

async function runStep(store: Store, model: Model, made: Step): Promise<void> {
  if (made.step === 'commits') {
    const commits = made.commits.map((operations) => operationsOf(model, operations));
    const results = await Promise.all(commits.map((operations) => store.commit(operations)));
    const expected = commits.map((operations) => model.commit(operations));
    assert.deepEqual(results, expected);
    return;
  }
  if (made.step === 'range') {
    const { from, to, limit } = made;
    const revision = made.back === undefined ? undefined : Math.max(0, model.revision - made.back);
    const request = { from, to, limit, revision };
    const found = await store.range(request).then(
      (result) => ({ ...result, entries: result.entries.map(entryLine) }),
      (error) => error.code,
    );
    assert.deepEqual(found, model.range(request));
    return;
  }
  const revision = Math.max(0, model.revision - made.back);
  if (made.step === 'compact') {
    const code = await store.compact(revision).then(
      () => undefined,
      (error) => error.code,
    );
    assert.equal(code, revision > model.revision ? 'STORE_FUTURE_REVISION' : undefined);
    if (code === undefined) model.compacted = Math.max(model.compacted, revision);
    return;
  }
  const watch = record(store, { afterRevision: revision });
  if (revision > model.revision) assert.equal((await watch.end).name, 'FutureRevisionError');
  else if (revision < model.compacted) assert.equal((await watch.end).name, 'CompactedError');
  else await watch.reached(model.revision);
  const from = revision >= model.compacted ? revision : Number.POSITIVE_INFINITY;
  assert.deepEqual(
    watch.lines,
    model.events.filter((line) => Number.parseInt(line, 10) > from),
  );
  watch.stop();
}

const limits: Partial<StoreLimits> = {
  groupCommitsMax: 3,
  pageEntriesMax: 2,
  pageBytesMax: 50,
  replayRevisionsMax: 3,
  historyEventsMax: 4,
  compactionRowsMax: 3,
};

const stores: Record<string, (context: TestContext) => Promise<Store>> = {
  memory: async () => createMemoryStore({ limits }),
  sqlite: (context) => openSqliteStore({ directory: temporaryDirectory(context), limits }),
};

for (const [name, open] of Object.entries(stores))
  test(`${name} does what the model does`, async (context) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), async (steps) => {
        const store = await open(context);
        const model = new Model();
        const watch = record(store, { afterRevision: 0 });
        try {
          for (const made of steps) await runStep(store, model, made);
          // A watch that was there from the beginning is never behind, however much is compacted.
          await watch.reached(model.revision);
          assert.deepEqual(watch.lines, model.events);
        } finally {
          await store.close();
        }
      }),
      { seed: 20_261_121, numRuns: 400, interruptAfterTimeLimit: 2000, markInterruptAsFailure: false },
    );
  });
