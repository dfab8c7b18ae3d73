/** Source of the cases: k8s.io/apimachinery pkg/util/validation, validation_test.go. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  isCIdentifier,
  isConfigMapKey,
  isDNS1035Label,
  isDNS1123Label,
  isDNS1123Subdomain,
  isEnvVarName,
  isLabelValue,
  isPathSegmentName,
  isPortName,
  isPortNumber,
  isQualifiedName,
  isStrictEnvVarName,
} from './names.ts';

const long = (length: number) => 'a'.repeat(length);

const rules: [name: string, check: (value: string) => string[], good: string[], bad: string[]][] = [
  [
    'DNS-1123 label',
    isDNS1123Label,
    ['a', 'ab', 'abc', 'a1', 'a-1', 'a--1--2--b', '0', '01', '1a', '1-a', long(63)],
    [
      '',
      'A',
      'ABC',
      'aBc',
      'A1',
      '-',
      'a-',
      '-a',
      '1-',
      '-1',
      '_',
      'a_',
      'a_b',
      '.',
      'a.b',
      '1.2',
      ' ',
      'a ',
      ' a',
      'a b',
      long(64),
    ],
  ],
  [
    'DNS-1123 subdomain',
    isDNS1123Subdomain,
    ['a', 'a.b', 'a.b.c', 'a-1.b-2', '0', '1.2', '0.0.1', long(253)],
    ['', 'A', 'a.B', '-', 'a-', '.', 'a..b', '.a', 'a.', 'a.-b', 'a-.b', 'a_b', 'a@b', 'a/b', long(254)],
  ],
  [
    'DNS-1035 label',
    isDNS1035Label,
    ['a', 'ab', 'a1', 'a-1', 'a--1--2--b', long(63)],
    ['0', '01', '1a', '1-a', '', 'A', 'aBc', '-', 'a-', '-a', 'a_b', 'a.b', ' ', long(64)],
  ],
  [
    'qualified name',
    isQualifiedName,
    [
      'simple',
      'now-with-dashes',
      '1-starts-with-num',
      '1234',
      'simple/simple',
      'now-with-dashes/simple',
      'example.com/MyName',
      'Uppercase_Is.OK',
      `${long(253)}/${long(63)}`,
    ],
    [
      '',
      'nospecialchars%^=@',
      'cantendwithadash-',
      '-cantstartwithadash-',
      'only/one/slash',
      'Example.com/abc',
      'example_com/abc',
      'example.com/',
      '/simple',
      `${long(254)}/abc`,
      `a/${long(64)}`,
    ],
  ],
  [
    'label value',
    isLabelValue,
    [
      '',
      'simple',
      'now-with-dashes',
      '1-starts-with-num',
      'end-with-num-1',
      '1234',
      'Upper_Case.2',
      long(63),
    ],
    ['cantendwithadash-', '-cant', 'a.', 'only/slash', 'a b', 'ü', long(64)],
  ],
  [
    'ConfigMap key',
    isConfigMapKey,
    [
      'good',
      'good-good',
      'still.good',
      'this.is.also.good',
      '.so.is.this',
      'THIS_IS_GOOD',
      'so_is_this_17',
      long(253),
    ],
    ['', '.', '..', '..bad', 'b*d', 'bad!&bad', 'a/b', long(254)],
  ],
  [
    'environment variable, as of 1.34',
    isEnvVarName,
    ['a', '_', '1a', 'a-b', 'a b', 'A!{}', '~'],
    ['', 'a=b', '=', 'a\tb', 'ü', 'a\u007f'],
  ],
  [
    'environment variable, strict',
    isStrictEnvVarName,
    ['a', 'my.env-name', 'MY_ENV', '_x', '-x', '.x'],
    ['', '1a', 'a b', 'a=b'],
  ],
  ['C identifier', isCIdentifier, ['a', '_', 'A1', 'aBc_1'], ['', '1a', 'a-b', 'a.b', ' a']],
  [
    'port name',
    isPortName,
    ['telnet', 're-mail-ck', 'pop3', 'a', 'a-1', '1-a', 'a1b2c3d4e5f6g7h'],
    ['', 'longerthan15char', 'a-', '-a', 'a--b', '1', '12345', 'A', 'a_b', 'a.b'],
  ],
  [
    'segment of a path',
    isPathSegmentName,
    ['a', 'A', 'a:b', 'system:node', '...', ''],
    ['.', '..', 'a/b', 'a%b', '/'],
  ],
];
for (const [name, check, good, bad] of rules)
  describe(name, () => {
    for (const value of good)
      test(`takes ${JSON.stringify(value.slice(0, 20))} (${value.length})`, () =>
        assert.deepEqual(check(value), []));
    for (const value of bad)
      test(`refuses ${JSON.stringify(value.slice(0, 20))} (${value.length})`, () =>
        assert.notDeepEqual(check(value), []));
  });

test('port numbers', () => {
  const message = 'must be between 1 and 65535, inclusive';
  for (const port of [1, 80, 65_535]) assert.deepEqual(isPortNumber(port), []);
  for (const port of [0, -1, 65_536, 1.5]) assert.deepEqual(isPortNumber(port), [message]);
});

describe('in upstream’s words', () => {
  const messages: [check: (value: string) => string[], value: string, expected: string[]][] = [
    [
      isDNS1123Subdomain,
      'Web_1',
      [
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    ],
    [
      isDNS1123Label,
      'Web',
      [
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [isDNS1123Label, 'a.b', ['must not contain dots']],
    [
      isDNS1035Label,
      '1a',
      [
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [isDNS1123Label, long(64), ['must be no more than 63 bytes']],
    [
      isQualifiedName,
      'a/b/c',
      [
        "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
      ],
    ],
    [
      isLabelValue,
      'a b',
      [
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      ],
    ],
    [
      isConfigMapKey,
      'b*d',
      [
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    [isConfigMapKey, '..a', ["must not start with '..'"]],
    [isPortName, 'a--b', ['must not contain consecutive hyphens']],
    [isPortName, '12', ['must contain at least one letter (a-z)']],
    [isPathSegmentName, '..', ["may not be '..'"]],
    [isPathSegmentName, 'a/b', ["may not contain '/'"]],
  ];
  for (const [check, value, expected] of messages)
    test(`${check.name} of ${value.slice(0, 20)}`, () => assert.deepEqual(check(value), expected));
});
