/** The checks of the crash test themselves: what they let pass, and what they do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ledger, type State } from './ledger.ts';

const state = (token: string, revision: number, ...holds: string[]): State => ({ token, revision, holds });

/** A ledger with `a` acknowledged at 5, and what `more` adds. */
function ledgerWith(more: (ledger: Ledger) => void = () => {}): Ledger {
  const ledger = new Ledger();
  ledger.begin('a', 'one');
  ledger.acknowledge('a', state('one', 5, '10.96.0.7'));
  more(ledger);
  return ledger;
}

const cutOffUpdate = (ledger: Ledger) => ledger.begin('a', 'two');
const cutOffDelete = (ledger: Ledger) => ledger.begin('a', undefined);

const starts: Record<
  string,
  { before?: (ledger: Ledger) => void; revision?: number; present: Record<string, State>; faults: RegExp[] }
> = {
  'what was acknowledged is there': { present: { a: state('one', 5, '10.96.0.7') }, faults: [] },
  'an acknowledged write is lost': { present: {}, faults: [/^a is absent after the start/] },
  'another address after the start': {
    present: { a: state('one', 5, '10.96.0.8') },
    faults: [/^a is .*0\.8/],
  },
  'another revision after the start': { present: { a: state('one', 6, '10.96.0.7') }, faults: [/^a is /] },
  'a cut-off update has happened': { before: cutOffUpdate, present: { a: state('two', 6) }, faults: [] },
  'a cut-off update has not happened': {
    before: cutOffUpdate,
    present: { a: state('one', 5, '10.96.0.7') },
    faults: [],
  },
  'a cut-off update has taken the object away': {
    before: cutOffUpdate,
    present: {},
    faults: [/cut off two$/],
  },
  'a cut-off update with an old revision': {
    before: cutOffUpdate,
    present: { a: state('two', 5) },
    faults: [/^a is /],
  },
  'a cut-off delete has happened': { before: cutOffDelete, present: {}, faults: [] },
  'a refused write has happened': {
    before: (ledger) => {
      ledger.begin('b', 'refused');
      ledger.refuse('b');
    },
    present: { a: state('one', 5, '10.96.0.7'), b: state('refused', 6) },
    faults: [/^b is /],
  },
  'what was deleted is back': {
    before: (ledger) => {
      ledger.begin('a', undefined);
      ledger.acknowledge('a', undefined);
    },
    present: { a: state('one', 5, '10.96.0.7') },
    faults: [/^a is .* acknowledged was absent$/],
  },
  'what nobody wrote': {
    present: { a: state('one', 5, '10.96.0.7'), b: state('x', 2) },
    faults: [/^b is there, and nobody wrote it$/],
  },
  'revisions go back': {
    revision: 4,
    present: { a: state('one', 5, '10.96.0.7') },
    faults: [/^the server starts at revision 4; 5 was seen before$/],
  },
};
for (const [name, { before, revision = 9, present, faults }] of Object.entries(starts))
  test(`after a start: ${name}`, () => {
    const ledger = ledgerWith(before);
    ledger.settle(revision, new Map(Object.entries(present)));
    assert.equal(ledger.faults.length, faults.length, ledger.faults.join('\n'));
    for (const [index, fault] of faults.entries()) assert.match(ledger.faults[index]!, fault);
  });

const answers: Record<string, { key: string; state: State; fault: RegExp }> = {
  'a revision that does not grow': { key: 'a', state: state('new', 5), fault: /not above 5/ },
  'a revision given twice': { key: 'b', state: state('new', 5), fault: /given to two writes/ },
  'the state of another write': { key: 'a', state: state('old', 6), fault: /the write new of a shows old/ },
};
for (const [name, { key, state: answered, fault }] of Object.entries(answers))
  test(`an answer with ${name}`, () => {
    const ledger = ledgerWith((one) => one.begin(key, 'new'));
    ledger.acknowledge(key, answered);
    assert.match(ledger.faults[0] ?? '', fault);
  });

test('a write after a start is above what the start showed', () => {
  const ledger = ledgerWith();
  ledger.settle(9, new Map([['a', state('one', 5, '10.96.0.7')]]));
  ledger.begin('b', 'new');
  ledger.acknowledge('b', state('new', 9));
  assert.deepEqual(ledger.faults, ['b was acknowledged with revision 9, not above 9']);
});
