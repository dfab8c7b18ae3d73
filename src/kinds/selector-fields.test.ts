import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  checkSelectableFields,
  exactFieldValue,
  formatFieldSelector,
  matchesFields,
  parseFieldSelector,
  SelectorError,
} from './selector.ts';

const canonical: Record<string, [text: string, canonical: string]> = {
  nothing: ['', ''],
  equality: ['metadata.name=web', 'metadata.name=web'],
  'double equality': ['metadata.name==web', 'metadata.name=web'],
  inequality: ['status.phase!=Running', 'status.phase!=Running'],
  'an empty value': ['spec.nodeName=', 'spec.nodeName='],
  'terms sorted as text': ['b=1,a=2,a!=1', 'a!=1,a=2,b=1'],
  'empty terms': [',a=1,,', 'a=1'],
  escapes: ['a=x\\,y\\=z\\\\', 'a=x\\,y\\=z\\\\'],
  'the first operator counts': ['a!=b\\=c', 'a!=b\\=c'],
};

const refused: Record<string, [text: string, message: string]> = {
  'no operator': ['a,b=c', "invalid selector: 'a,b=c'; can't understand 'a'"],
  'an unescaped equals sign': ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
  'an unknown escape': ['a=\\x', 'invalid field selector: invalid escape sequence: \\x'],
  'a backslash last': ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
};

describe('field selectors', () => {
  for (const [name, [text, wanted]] of Object.entries(canonical))
    test(name, () => {
      const requirements = parseFieldSelector(text);
      assert.equal(formatFieldSelector(requirements), wanted);
      assert.deepEqual(parseFieldSelector(wanted), requirements);
    });

  for (const [name, [text, message]] of Object.entries(refused))
    test(`refused: ${name}`, () => {
      assert.throws(() => parseFieldSelector(text), { name: 'SelectorError', message });
    });

  test('matching', () => {
    const fields = { 'metadata.name': 'web', 'status.phase': 'Running' };
    const matches = (text: string) => matchesFields(parseFieldSelector(text), fields);
    assert.equal(matches(''), true);
    assert.equal(matches('metadata.name=web,status.phase=Running'), true);
    assert.equal(matches('metadata.name=web,status.phase!=Running'), false);
    assert.equal(matches('spec.nodeName='), true);
    assert.equal(matches('constructor='), true);
    assert.equal(matches('spec.nodeName!='), false);
  });

  test('the value that is demanded', () => {
    const requirements = parseFieldSelector('metadata.name=web,metadata.namespace!=a');
    assert.equal(exactFieldValue(requirements, 'metadata.name'), 'web');
    assert.equal(exactFieldValue(requirements, 'metadata.namespace'), undefined);
  });

  test('any text parses or throws a SelectorError', () => {
    const piece = fc.constantFrom('a', 'b.c', '=', '!', '!=', ',', '\\', ' ', 'é');
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (each) => {
        try {
          const requirements = parseFieldSelector(each);
          const again = parseFieldSelector(formatFieldSelector(requirements));
          assert.deepEqual(new Set(again), new Set(requirements));
        } catch (error) {
          assert.ok(error instanceof SelectorError, String(error));
        }
      }),
      { numRuns: 5000, interruptAfterTimeLimit: 2000 },
    );
  });
});

describe('selectable fields', () => {
  const check = (text: string, kind: Parameters<typeof checkSelectableFields>[1]) =>
    checkSelectableFields(parseFieldSelector(text), kind);

  test('every kind has its name and namespace', () => {
    check('metadata.name=a,metadata.namespace!=b', { kind: 'Ingress', scope: 'Namespaced' });
  });

  test('a kind that adds nothing', () => {
    assert.throws(() => check('foo.bar=baz', { kind: 'Ingress', scope: 'Namespaced' }), {
      message: '"foo.bar" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
  });

  test('a kind with fields of its own', () => {
    const pod = { kind: 'Pod', scope: 'Namespaced', selectable: ['status.phase'] } as const;
    check('status.phase=Running,metadata.namespace=x', pod);
    assert.throws(() => check('spec.foo=x', pod), { message: 'field label not supported: spec.foo' });
  });

  test('a cluster-wide kind with fields of its own has no namespace', () => {
    const node = { kind: 'Node', scope: 'Cluster', selectable: ['spec.unschedulable'] } as const;
    assert.throws(() => check('metadata.namespace=x', node), {
      message: 'field label not supported: metadata.namespace',
    });
  });

  test('jobs word it otherwise', () => {
    const job = { kind: 'Job', scope: 'Namespaced', selectable: ['status.successful'] } as const;
    assert.throws(() => check('spec.foo=x', job), {
      message: 'field label "spec.foo" not supported for batchv1.Job',
    });
  });
});
