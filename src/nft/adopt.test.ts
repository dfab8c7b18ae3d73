import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adoptTable } from './adopt.ts';
import type { Reading } from './reading.ts';
import { sampleTable } from './sample-table.ts';

const readingOf = (): Reading => {
  const table = sampleTable('ip');
  return {
    chains: new Map([...table.chains].map(([name, { rules }]) => [name, rules.length])),
    sets: new Map([...table.sets].map(([name, { elements }]) => [name, elements])),
  };
};

test('what is there already is not touched, but for rules, of which a reading tells only the number', () => {
  const wanted = sampleTable('ip');
  assert.deepEqual(
    adoptTable(readingOf(), wanted),
    [...wanted.chains].map(([chain, { rules }]) => ({ type: 'setRules', chain, rules })),
  );
});

test('elements that differ go and come; chains and sets of nobody go', () => {
  const reading = readingOf();
  reading.sets.get('addresses')?.set('10.9.9.9', '');
  reading.sets.get('services')?.delete('10.96.0.2 . udp . 53');
  reading.sets.set('stray', new Map([['10.0.0.1', '5']]));
  reading.chains.set('stray-chain', 3);
  const operations = adoptTable(reading, sampleTable('ip'));
  assert.deepEqual(
    operations.filter(({ type }) => type !== 'setRules'),
    [
      { type: 'deleteElements', set: 'addresses', elements: [['10.9.9.9', '']] },
      { type: 'addElements', set: 'services', elements: [['10.96.0.2 . udp . 53', 'drop']] },
      { type: 'deleteSet', set: 'stray' },
      { type: 'deleteChain', chain: 'stray-chain' },
    ],
  );
});
