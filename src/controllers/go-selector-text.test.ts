import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goSelectorText } from './go-selector-text.ts';

test('a selector as Go prints it: labels sorted, everything ended by a comma', () => {
  assert.equal(goSelectorText(undefined), 'nil');
  assert.equal(
    goSelectorText({}),
    '&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{},}',
  );
  assert.equal(
    goSelectorText({
      matchLabels: { tier: 'a', app: 'web' },
      matchExpressions: [
        { key: 'env', operator: 'In', values: ['x', 'y'] },
        { key: 'old', operator: 'DoesNotExist' },
      ],
    }),
    '&LabelSelector{MatchLabels:map[string]string{app: web,tier: a,},MatchExpressions:[]LabelSelectorRequirement{' +
      'LabelSelectorRequirement{Key:env,Operator:In,Values:[x y],},' +
      'LabelSelectorRequirement{Key:old,Operator:DoesNotExist,Values:[],},},}',
  );
});
