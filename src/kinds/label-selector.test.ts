import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { path } from './field.ts';
import type { LabelSelector } from './generated/types.ts';
import {
  formatLabelSelector,
  selectorMatches,
  selectorText,
  validateLabelSelector,
  validateLabels,
} from './label-selector.ts';

const matchCases: Record<string, [LabelSelector | undefined, Record<string, string> | undefined, boolean]> = {
  'no selector selects nothing': [undefined, { app: 'web' }, false],
  'the empty selector selects everything': [{}, undefined, true],
  'a label that is there': [{ matchLabels: { app: 'web' } }, { app: 'web', tier: 'front' }, true],
  'a label with another value': [{ matchLabels: { app: 'web' } }, { app: 'db' }, false],
  'In with the value': [
    { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'db'] }] },
    { app: 'db' },
    true,
  ],
  'In without the label': [
    { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] },
    {},
    false,
  ],
  'NotIn without the label': [
    { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
    {},
    true,
  ],
  'NotIn with the value': [
    { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
    { app: 'web' },
    false,
  ],
  'Exists with an empty value': [
    { matchExpressions: [{ key: 'app', operator: 'Exists' }] },
    { app: '' },
    true,
  ],
  'DoesNotExist without the label': [
    { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] },
    { tier: 'x' },
    true,
  ],
  'a name of the prototype is no label': [
    { matchExpressions: [{ key: 'constructor', operator: 'Exists' }] },
    {},
    false,
  ],
  'an operator that is none selects nothing': [
    { matchExpressions: [{ key: 'app', operator: 'Near', values: ['web'] }] },
    { app: 'web' },
    false,
  ],
  'In without values selects nothing': [
    { matchExpressions: [{ key: 'app', operator: 'In' }] },
    { app: 'web' },
    false,
  ],
};

test('what a selector selects', () => {
  for (const [name, [selector, labels, expected]] of Object.entries(matchCases))
    assert.equal(selectorMatches(selector, labels), expected, name);
});

test('how a selector is written', () => {
  const selector: LabelSelector = {
    matchLabels: { zone: 'a', app: 'web' },
    matchExpressions: [
      { key: 'tier', operator: 'In', values: ['b', 'a'] },
      { key: 'canary', operator: 'DoesNotExist' },
      { key: 'env', operator: 'NotIn', values: ['prod'] },
      { key: 'owner', operator: 'Exists' },
    ],
  };
  const text = 'app=web,!canary,env notin (prod),owner,tier in (a,b),zone=a';
  assert.equal(selectorText(selector), text);
  assert.equal(formatLabelSelector(selector), text);
  assert.equal(selectorText({}), '');
  assert.equal(formatLabelSelector({}), '<none>');
  assert.equal(formatLabelSelector(undefined), '<none>');
  assert.equal(formatLabelSelector({ matchLabels: { app: 'not good' } }), '<error>');
});

test('what is wrong with a selector', () => {
  const errors = validateLabelSelector(
    {
      matchLabels: { app: 'a b' },
      matchExpressions: [
        { key: 'app', operator: 'In' },
        { key: 'app', operator: 'Exists', values: ['x'] },
        { key: '', operator: 'Is' },
        { key: 'app', operator: 'NotIn', values: ['ok', '-'] },
      ],
    },
    path('spec', 'selector'),
  );
  const value =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
  assert.deepEqual(
    errors.map((error) => `${error.field}: ${error.message}`),
    [
      `spec.selector.matchLabels: Invalid value: "a b": ${value}`,
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      "spec.selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      'spec.selector.matchExpressions[2].operator: Invalid value: "Is": not a valid selector operator',
      'spec.selector.matchExpressions[2].key: Invalid value: "": name part must be non-empty',
      `spec.selector.matchExpressions[2].key: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
      `spec.selector.matchExpressions[3].values[1]: Invalid value: "-": ${value}`,
    ],
  );
  assert.deepEqual(validateLabelSelector(undefined, path('spec')), []);
  assert.deepEqual(validateLabels({ 'example.com/app': '' }, path('labels')), []);
});

test('a selector of an object`s own labels selects it', () => {
  const word = fc.stringMatching(/^[a-z]([a-z0-9]{0,8})$/);
  fc.assert(
    fc.property(fc.dictionary(word, word, { maxKeys: 6 }), (labels) => {
      const values = Object.entries(labels).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
      assert.equal(selectorMatches({ matchLabels: labels, matchExpressions: values }, labels), true);
      assert.equal(
        selectorMatches({ matchExpressions: [{ key: 'absent/key', operator: 'Exists' }] }, labels),
        false,
      );
    }),
    { interruptAfterTimeLimit: 1000, numRuns: 300 },
  );
});
