import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
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
} from './names.ts';

const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const rfc1035 =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const qualified =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValue =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const configKey =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const envVar =
  "a valid environment variable name must consist only of printable ASCII characters other than '='";
const portCharacters = 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)';

type Table = Record<string, string[]>;

/** Value -> messages, for each rule. */
const tables: [(value: string) => string[], Table][] = [
  [
    isDNS1123Label,
    {
      'my-name': [],
      '123-abc': [],
      ['a'.repeat(63)]: [],
      ['a'.repeat(64)]: ['must be no more than 63 bytes'],
      'a.b': ['must not contain dots'],
      Upper: [label],
      '-a': [label],
      'a-': [label],
      '': [label],
      'a\n': [label],
      é: [label],
    },
  ],
  [
    isDNS1123Subdomain,
    {
      'example.com': [],
      a: [],
      ['a'.repeat(253)]: [],
      ['a'.repeat(254)]: ['must be no more than 253 bytes'],
      'a..b': [subdomain],
      'Not A Name': [subdomain],
      '../etc': [subdomain],
      '': [subdomain],
    },
  ],
  [isDNS1035Label, { 'my-name': [], '1st': [rfc1035], 'a.b': [rfc1035], '': [rfc1035] }],
  [
    isQualifiedName,
    {
      MyName: [],
      'example.com/MyName': [],
      'a/b/c': [
        `a qualified name ${qualified} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
      ],
      '/name': ['prefix part must be non-empty'],
      'Bad_Prefix/name': [`prefix part ${subdomain}`],
      'example.com/': ['name part must be non-empty', `name part ${qualified}`],
      ['n'.repeat(64)]: ['name part must be no more than 63 bytes'],
      'bad key': [`name part ${qualified}`],
    },
  ],
  [
    isLabelValue,
    { '': [], my_value: [], 'a b': [labelValue], ['v'.repeat(64)]: ['must be no more than 63 bytes'] },
  ],
  [
    isConfigMapKey,
    {
      'key.name': [],
      __proto__x: [],
      '.': ["must not be '.'"],
      '..': ["must not be '..'"],
      '..x': ["must not start with '..'"],
      'a/b': [configKey],
    },
  ],
  [
    isEnvVarName,
    {
      'ANY thing.at-all': [],
      '': ['environment variable name must not be empty'],
      'A=B': [envVar],
      'A\n': [envVar],
    },
  ],
  [
    isPortName,
    {
      'http-web-svc': [],
      '8080-tcp-abcdefg': ['must be no more than 15 characters'],
      HTTP: [portCharacters, 'must contain at least one letter (a-z)'],
      '80': ['must contain at least one letter (a-z)'],
      'a--b': ['must not contain consecutive hyphens'],
      '-a': ['must not begin or end with a hyphen'],
    },
  ],
  [
    isPathSegmentName,
    {
      '10.96.0.1': [],
      '.': ["may not be '.'"],
      '..': ["may not be '..'"],
      'a/b': ["may not contain '/'"],
      'a%b': ["may not contain '%'"],
    },
  ],
];

for (const [rule, table] of tables) {
  describe(rule.name, () => {
    for (const [value, messages] of Object.entries(table)) {
      test(JSON.stringify(value), () => assert.deepEqual(rule(value), messages));
    }
  });
}

test('a port is an integer from 1 to 65535', () => {
  const message = ['must be between 1 and 65535, inclusive'];
  const ports: [number, string[]][] = [
    [1, []],
    [65_535, []],
    [0, message],
    [65_536, message],
    [-1, message],
    [1.5, message],
    [Number.NaN, message],
  ];
  for (const [port, messages] of ports) assert.deepEqual(isPortNumber(port), messages, String(port));
});
