/**
 * The name formats of the API. Each function returns the messages of what is wrong, none when the value is good.
 * Source of rules and wording: k8s.io/apimachinery pkg/util/validation; RFC 1123, RFC 1035, RFC 6335.
 */

const dns1123LabelPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const dns1123SubdomainPattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const dns1035LabelPattern = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedNamePattern = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const labelValuePattern = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const configMapKeyPattern = /^[-._a-zA-Z0-9]+$/;
const envVarPattern = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;
const cIdentifierPattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

const dns1123LabelLengthMax = 63;
export const dns1123SubdomainLengthMax = 253;
const qualifiedNameLengthMax = 63;
const labelValueLengthMax = 63;

const lengthOf = (text: string): number => Buffer.byteLength(text);
const atMost = (length: number): string => `must be no more than ${length} bytes`;

/** The double blank between examples is upstream's own. */
function patternMessage(message: string, format: string, ...examples: string[]): string {
  const shown = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (${shown === '' ? '' : `e.g. ${shown}`}regex used for validation is '${format}')`;
}

/** A DNS label (RFC 1123): `my-name`. */
export function isDNS1123Label(value: string): string[] {
  const messages: string[] = [];
  if (lengthOf(value) > dns1123LabelLengthMax) messages.push(atMost(dns1123LabelLengthMax));
  if (!dns1123LabelPattern.test(value)) {
    messages.push(
      dns1123SubdomainPattern.test(value)
        ? 'must not contain dots'
        : patternMessage(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
            '[a-z0-9]([-a-z0-9]*[a-z0-9])?',
            'my-name',
            '123-abc',
          ),
    );
  }
  return messages;
}

/** A DNS subdomain (RFC 1123): `example.com`. The name of most objects. */
export function isDNS1123Subdomain(value: string): string[] {
  const messages: string[] = [];
  if (lengthOf(value) > dns1123SubdomainLengthMax) messages.push(atMost(dns1123SubdomainLengthMax));
  if (!dns1123SubdomainPattern.test(value))
    messages.push(
      patternMessage(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*',
        'example.com',
      ),
    );
  return messages;
}

/** A DNS label that starts with a letter (RFC 1035): `my-name`. The name of a Service. */
export function isDNS1035Label(value: string): string[] {
  const messages: string[] = [];
  if (lengthOf(value) > dns1123LabelLengthMax) messages.push(atMost(dns1123LabelLengthMax));
  if (!dns1035LabelPattern.test(value))
    messages.push(
      patternMessage(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        '[a-z]([-a-z0-9]*[a-z0-9])?',
        'my-name',
        'abc-123',
      ),
    );
  return messages;
}

const qualifiedNameMessage = patternMessage(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]',
  'MyName',
  'my.name',
  '123-abc',
);

/** A label or annotation key: `name` or `prefix/name`. */
export function isQualifiedName(value: string): string[] {
  const slash = value.indexOf('/');
  if (slash !== value.lastIndexOf('/'))
    return [
      `a qualified name ${qualifiedNameMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  const messages: string[] = [];
  const name = value.slice(slash + 1);
  if (slash !== -1) {
    const prefix = value.slice(0, slash);
    if (prefix === '') messages.push('prefix part must be non-empty');
    else for (const message of isDNS1123Subdomain(prefix)) messages.push(`prefix part ${message}`);
  }
  if (name === '') messages.push('name part must be non-empty');
  else if (lengthOf(name) > qualifiedNameLengthMax)
    messages.push(`name part ${atMost(qualifiedNameLengthMax)}`);
  if (!qualifiedNamePattern.test(name)) messages.push(`name part ${qualifiedNameMessage}`);
  return messages;
}

const labelValueMessage = patternMessage(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?',
  'MyValue',
  'my_value',
  '12345',
);

/** The value of a label; may be empty. */
export function isLabelValue(value: string): string[] {
  const messages: string[] = [];
  if (lengthOf(value) > labelValueLengthMax) messages.push(atMost(labelValueLengthMax));
  if (!labelValuePattern.test(value)) messages.push(labelValueMessage);
  return messages;
}

/** A key of a ConfigMap or Secret: a file name. */
export function isConfigMapKey(value: string): string[] {
  const messages: string[] = [];
  if (lengthOf(value) > dns1123SubdomainLengthMax) messages.push(atMost(dns1123SubdomainLengthMax));
  if (!configMapKeyPattern.test(value))
    messages.push(
      patternMessage(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        '[-._a-zA-Z0-9]+',
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  if (value === '.') messages.push("must not be '.'");
  else if (value === '..') messages.push("must not be '..'");
  else if (value.startsWith('..')) messages.push("must not start with '..'");
  return messages;
}

/** The name of an environment variable (any printable ASCII but `=` since v1.34; the strict form for envFrom prefixes). */
export function isEnvVarName(value: string): string[] {
  if (value.length === 0) return ['environment variable name must not be empty'];
  for (const character of value)
    if (character < ' ' || character > '~' || character === '=')
      return [
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      ];
  return [];
}

/** The pre-1.34 form: `my.env-name`, `MY_ENV`. */
export function isStrictEnvVarName(value: string): string[] {
  if (envVarPattern.test(value)) return [];
  return [
    patternMessage(
      "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
      '[-._a-zA-Z][-._a-zA-Z0-9]*',
      'my.env-name',
      'MY_ENV.NAME',
      'MyEnvName1',
    ),
  ];
}

export function isCIdentifier(value: string): string[] {
  if (cIdentifierPattern.test(value)) return [];
  return [
    patternMessage(
      "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
      '[A-Za-z_][A-Za-z0-9_]*',
      'my_name',
      'MY_NAME',
      'MyName',
    ),
  ];
}

/** A port name (RFC 6335 service name): `http`, `http-web-svc`; at most 15 characters, at least one letter. */
export function isPortName(value: string): string[] {
  const messages: string[] = [];
  if (value.length > 15) messages.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(value))
    messages.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) messages.push('must contain at least one letter (a-z)');
  if (value.includes('--')) messages.push('must not contain consecutive hyphens');
  if (value.length > 0 && (value.startsWith('-') || value.endsWith('-')))
    messages.push('must not begin or end with a hyphen');
  return messages;
}

export function isPortNumber(value: number): string[] {
  return Number.isInteger(value) && value >= 1 && value <= 65535
    ? []
    : ['must be between 1 and 65535, inclusive'];
}

/** A name that may stand in a URL path segment. */
export function isPathSegmentName(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
}
