import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FieldError, path } from './field.ts';
import {
  readQuantity,
  resourceEntries,
  validateAmount,
  validatePositive,
  validateResourceName,
} from './quantities.ts';

const at = path('x');
const messages = (errors: readonly FieldError[]): string[] => errors.map((error) => error.message);

test('amounts are not negative, and whole where they count things', () => {
  const of = (resource: string, text: string) => messages(validateAmount(resource, readQuantity(text), at));
  assert.deepEqual(of('cpu', '1500m'), []);
  assert.deepEqual(of('pods', '2k'), []);
  assert.deepEqual(of('pods', '-1500m'), [
    'Invalid value: "-1500m": must be greater than or equal to 0',
    'Invalid value: "-1500m": must be an integer',
  ]);
});

test('some amounts are more than nothing', () => {
  assert.deepEqual(messages(validatePositive(readQuantity('1m'), at)), []);
  assert.deepEqual(messages(validatePositive(readQuantity(undefined), at)), [
    'Invalid value: "0": must be greater than zero',
  ]);
});

test('resources are standard or have a domain', () => {
  for (const name of ['cpu', 'requests.memory', 'hugepages-2Mi', 'requests.hugepages-2Mi', 'example.com/gpu'])
    assert.deepEqual(validateResourceName(name, at), [], name);
  assert.deepEqual(messages(validateResourceName('books', at)), [
    'Invalid value: "books": must be a standard resource type or fully qualified',
  ]);
});

test('resources are listed in the order of their names', () => {
  const entries = resourceEntries({ memory: '1Gi', cpu: '0.5' }).map(([name, quantity]) => [
    name,
    quantity.text,
  ]);
  assert.deepEqual(entries, [
    ['cpu', '500m'],
    ['memory', '1Gi'],
  ]);
});
