import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuantity, type Quantity } from '../../lib/quantity.ts';
import * as names from './resource-names.ts';

const traits = (name: string): string =>
  Object.entries({
    standard: names.isStandardResource,
    container: names.isContainerResource,
    native: names.isNativeResource,
    extended: names.isExtendedResource,
    whole: names.isIntegerResource,
    overcommit: names.isOvercommitAllowed,
    pod: names.isPodLevelResource,
  })
    .filter(([, has]) => has(name))
    .map(([trait]) => trait)
    .join(' ');

test('what a name says', () => {
  const expected = {
    cpu: 'standard container native overcommit pod',
    'ephemeral-storage': 'standard container native overcommit',
    pods: 'standard native whole overcommit',
    'hugepages-2Mi': 'standard container native pod',
    'requests.cpu': 'standard native overcommit',
    'example.com/gpu': 'extended whole',
    'requests.example.com/gpu': '',
    'kubernetes.io/batch': 'native overcommit',
    foo: 'native overcommit',
  };
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, traits(name)])), expected);
});

test('whole pages', () => {
  const isWhole = (name: string, amount: string) =>
    names.isWholePages(name, parseQuantity(amount) as Quantity);
  assert.deepEqual(
    [
      isWhole('hugepages-2Mi', '4Mi'),
      isWhole('hugepages-2Mi', '3Mi'),
      isWhole('hugepages-0', '3Mi'),
      isWhole('hugepages-x', '3Mi'),
    ],
    [true, false, false, false],
  );
});
