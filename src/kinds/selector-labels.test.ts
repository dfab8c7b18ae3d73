import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SelectorError } from './selector-error.ts';
import { formatLabelSelector, matchesLabels, parseLabelSelector } from './selector-labels.ts';

/** text -> canonical form */
const canonical: Record<string, [text: string, canonical: string]> = {
  'nothing selects everything': ['', ''],
  'blanks only': [' \t ', ''],
  equality: ['app=web', 'app=web'],
  'double equality is kept': ['app == web', 'app==web'],
  inequality: ['app != web', 'app!=web'],
  'an empty value': ['app=', 'app='],
  'an empty value before a comma': ['app=,tier=x', 'app=,tier=x'],
  existence: ['app', 'app'],
  absence: ['! app', '!app'],
  'a set, sorted, each once': ['tier in (front, back,front)', 'tier in (back,front)'],
  'a negated set': ['tier notin(front)', 'tier notin (front)'],
  'an empty set holds the empty value': ['tier in ()', 'tier in ()'],
  'empty values in a set': ['x in (foo,,baz),y,z notin ()', 'x in (,baz,foo),y,z notin ()'],
  'a leading comma in a set': ['x in (,a)', 'x in (,a)'],
  'a trailing comma in a set': ['x in (a,)', 'x in (,a)'],
  'operator words as values': ['x in (in,notin)', 'x in (in,notin)'],
  'operator words as keys': ['in=notin,notin in (in)', 'in=notin,notin in (in)'],
  'greater than': ['cores > 4', 'cores>4'],
  'less than': ['cores < 4', 'cores<4'],
  'terms sorted by key, stable': ['b=1,a=1,b!=2', 'a=1,b=1,b!=2'],
  'a prefixed key': ['app.kubernetes.io/name=web', 'app.kubernetes.io/name=web'],
  'hostile keys are plain': ['constructor=a,toString', 'constructor=a,toString'],
  'a NUL ends the text': ['app=web\0,x=y', 'app=web,x=y'],
};

const labelKeyText =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValueText =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const refused: Record<string, [text: string, message: string]> = {
  'two words': ['x y', "unable to parse requirement: found 'y', expected: in, notin, =, ==, !=, gt, lt"],
  'an equals sign first': ['=x', "found '=', expected: !, identifier, or 'end of string'"],
  'a comma first': [',x', "found ',', expected: !, identifier, or 'end of string'"],
  'a comma last': ['x,', "found '', expected: identifier after ','"],
  'two commas': ['x,,y', "found ',', expected: identifier after ','"],
  'a lone exclamation mark': ['!', "unable to parse requirement: found '', expected: identifier"],
  'a double exclamation mark': ['!!x', "unable to parse requirement: found '!', expected: identifier"],
  'a set without parentheses': ['x in a', "unable to parse requirement: found 'a' expected: '('"],
  'a set that does not end': ['x in (a', "unable to parse requirement: found '', expected: ',' or ')'"],
  'an operator in a set': ['x in (a=b)', "unable to parse requirement: found '=', expected: ',' or ')'"],
  'an operator first in a set': [
    'x in (=)',
    "unable to parse requirement: found '=', expected: ',', ')' or identifier",
  ],
  'two values': ['x=a b', "found 'b', expected: ',' or 'end of string'"],
  'three equals signs': ['x===a', "unable to parse requirement: found '=', expected: identifier"],
  'absence with a value': ['!x=a', "found '=', expected: ',' or 'end of string'"],
  'a bad key': ['-x=a', `unable to parse requirement: <nil>: Invalid value: "-x": ${labelKeyText}`],
  'a bad value': [
    'x=a_',
    `unable to parse requirement: values[0][x]: Invalid value: "a_": ${labelValueText}`,
  ],
  'a bad value in a set': [
    'x in (a,b_)',
    `unable to parse requirement: values[1][x]: Invalid value: "b_": ${labelValueText}`,
  ],
  'a word where a number is wanted': [
    'x>many',
    "unable to parse requirement: values[0]: Invalid value: \"many\": for 'Gt', 'Lt' operators, the value must be an integer",
  ],
  'a number that is no int64': [
    'x>9223372036854775808',
    "unable to parse requirement: values[0]: Invalid value: \"9223372036854775808\": for 'Gt', 'Lt' operators, the value must be an integer",
  ],
};

const matching: Record<string, [text: string, labels: Record<string, string> | undefined, matches: boolean]> =
  {
    'everything matches no labels': ['', undefined, true],
    equal: ['app=web', { app: 'web' }, true],
    'equal, another value': ['app=web', { app: 'db' }, false],
    'equal, no labels at all': ['app=web', undefined, false],
    'not equal, absent': ['app!=web', {}, true],
    'not equal, same': ['app!=web', { app: 'web' }, false],
    in: ['app in (web,db)', { app: 'db' }, true],
    'in, absent': ['app in (web,)', {}, false],
    'notin, absent': ['app notin (web)', {}, true],
    'notin, there': ['app notin (web)', { app: 'web' }, false],
    exists: ['app', { app: '' }, true],
    'exists is not fooled by the prototype': ['constructor', {}, false],
    'absent is not fooled by the prototype': ['!toString', {}, true],
    'greater than': ['n>5', { n: '6' }, true],
    'greater than, equal': ['n>5', { n: '5' }, false],
    'greater than, beyond doubles': ['n>9007199254740992', { n: '9007199254740993' }, true],
    'less than, no number': ['n<5', { n: 'four' }, false],
    'less than, absent': ['n<5', {}, false],
    'all terms': ['a=1,b', { a: '1', b: '' }, true],
    'one term fails': ['a=1,!b', { a: '1', b: '' }, false],
  };

describe('label selectors', () => {
  for (const [name, [text, wanted]] of Object.entries(canonical))
    test(name, () => {
      const requirements = parseLabelSelector(text);
      assert.equal(formatLabelSelector(requirements), wanted);
      assert.deepEqual(parseLabelSelector(wanted), requirements);
    });

  for (const [name, [text, message]] of Object.entries(refused))
    test(`refused: ${name}`, () => {
      assert.throws(() => parseLabelSelector(text), { name: 'SelectorError', code: 'BAD_SELECTOR', message });
    });

  for (const [name, [text, labels, matches]] of Object.entries(matching))
    test(`matching: ${name}`, () => {
      assert.equal(matchesLabels(parseLabelSelector(text), labels), matches);
    });

  test('any text parses or throws a SelectorError', () => {
    const piece = fc.constantFrom(
      'a',
      'b1',
      'in',
      'notin',
      '=',
      '!',
      '(',
      ')',
      ',',
      '<',
      '>',
      ' ',
      '\0',
      '-',
      'é',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (each) => {
        try {
          const requirements = parseLabelSelector(each);
          assert.deepEqual(parseLabelSelector(formatLabelSelector(requirements)), requirements);
        } catch (error) {
          assert.ok(error instanceof SelectorError, String(error));
        }
      }),
      { numRuns: 5000, interruptAfterTimeLimit: 2000 },
    );
  });
});
