import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scanSelector } from './selector-scanner.ts';

const words = (text: string): string =>
  scanSelector(text)
    .map(({ kind, text }) => `${kind}:${text}`)
    .join(' ');

const cases: [text: string, tokens: string][] = [
  ['', 'end:'],
  ['a=b', 'identifier:a =:= identifier:b end:'],
  ['a==b,c!=d', 'identifier:a ==:== identifier:b ,:, identifier:c !=:!= identifier:d end:'],
  ['a!==b', 'identifier:a !=:!= =:= identifier:b end:'],
  [' x\tin\r\n(a) ', 'identifier:x in:in (:( identifier:a ):) end:'],
  ['notin inn', 'notin:notin identifier:inn end:'],
  ['!a<1>2', '!:! identifier:a <:< identifier:1 >:> identifier:2 end:'],
  ['a/b.c-d_é', 'identifier:a/b.c-d_é end:'],
];

for (const [text, tokens] of cases)
  test(`words of ${JSON.stringify(text)}`, () => {
    assert.equal(words(text), tokens);
  });
