import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  milliValue,
  parseQuantity,
  type Quantity,
  quantityOf,
  quantityProblem,
  subtractQuantity,
  value,
} from './quantity.ts';

const parse = (text: string): Quantity => {
  const quantity = parseQuantity(text);
  assert.ok(quantity, text);
  return quantity;
};

/** What was sent, and what the API server stores. The odd ones are upstream's own: it keeps what its fast path reads. */
const canonical: Readonly<Record<string, string>> = {
  '0': '0',
  '0n': '0',
  '0Gi': '0',
  '-0': '0',
  '.': '0',
  Ki: '0',
  '1': '1',
  '+1': '+1',
  '01': '01',
  '1.': '1.',
  '1.500': '1.500',
  '1.5': '1500m',
  '.5': '500m',
  '0.001': '1m',
  '-1.5': '-1500m',
  '100m': '100m',
  '1000m': '1',
  '1500m': '1500m',
  '1.G': '1.G',
  '1000k': '1M',
  '10000n': '10u',
  '0.1n': '1n',
  '-0.1n': '-1n',
  '1.0000000001': '1000000001n',
  '1e3': '1e3',
  '1E3': '1E3',
  '10e3': '10e3',
  '1e4': '10e3',
  '1000e3': '1e6',
  '1e-3': '1e-3',
  '12E': '12E',
  '1Ki': '1Ki',
  '8Ki': '8Ki',
  '1024Ki': '1Mi',
  '1000Ki': '1000Ki',
  '1.5Gi': '1536Mi',
  '0.5Ki': '512',
  '1.1Ki': '1126400m',
  '0.0001Ki': '102400u',
  '16Ei': '9223372036854775807',
  '-16Ei': '-9223372036854775807',
  ' 5 ': '5',
};

const formatMessage =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const suffixMessage = "unable to parse quantity's suffix";

const refused: Readonly<Record<string, string>> = {
  '': formatMessage,
  ' ': formatMessage,
  '1.1.M': formatMessage,
  '1+1.0M': formatMessage,
  aoeu: formatMessage,
  '0.1am': formatMessage,
  '1 Gi': formatMessage,
  '0.1mi': suffixMessage,
  '.5i': suffixMessage,
  '1i': suffixMessage,
  '-3.01i': suffixMessage,
  '-3.01e-': suffixMessage,
  '1ki': suffixMessage,
  '1K': suffixMessage,
  '1e': suffixMessage,
  '1e99999999': suffixMessage,
  ['9'.repeat(2000)]: formatMessage,
};

describe('quantity', () => {
  test('is stored in canonical form', () => {
    const found = Object.fromEntries(Object.keys(canonical).map((text) => [text, canonicalQuantity(text)]));
    assert.deepEqual(found, canonical);
  });

  test('says what is wrong with a text in upstream words', () => {
    const found = Object.fromEntries(Object.keys(refused).map((text) => [text, quantityProblem(text)]));
    assert.deepEqual(found, refused);
    for (const text of Object.keys(refused)) assert.equal(parseQuantity(text), undefined);
  });

  test('adds and subtracts in the format of the left, unless that is zero', () => {
    assert.equal(addQuantity(parse('1Gi'), parse('512Mi')).text, '1536Mi');
    assert.equal(addQuantity(parse('0'), parse('512Mi')).text, '512Mi');
    assert.equal(addQuantity(parse('1'), parse('500m')).text, '1500m');
    assert.equal(addQuantity(parse('1k'), parse('1Ki')).text, '2024');
    assert.equal(subtractQuantity(parse('1Gi'), parse('1Gi')).text, '0');
    assert.equal(subtractQuantity(parse('1'), parse('1100m')).text, '-100m');
  });

  test('whole units and thousandths round away from zero', () => {
    assert.equal(value(parse('1001m')), 2n);
    assert.equal(value(parse('-1001m')), -2n);
    assert.equal(value(parse('1Gi')), 1024n ** 3n);
    assert.equal(milliValue(parse('1u')), 1n);
    assert.equal(milliValue(parse('1.5')), 1500n);
    assert.equal(quantityOf(2048, 'BinarySI').text, '2Ki');
  });

  test('keeps the value above the largest suffix, where upstream loses it', () => {
    assert.equal(canonicalQuantity('1000E'), '1000E');
    assert.equal(addQuantity(parse('4Ei'), parse('4Ei')).text, '8Ei');
  });

  const amounts = fc
    .tuple(
      fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
      fc.option(fc.nat(99999), { nil: undefined }),
      fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'e3', 'E-2', 'e10'),
    )
    .map(([whole, fraction, suffix]) => `${whole}${fraction === undefined ? '' : `.${fraction}`}${suffix}`);

  test('the canonical form means the same and is its own canonical form', () => {
    fc.assert(
      fc.property(amounts, (text) => {
        const quantity = parse(text);
        const again = parse(quantity.text);
        assert.equal(again.nanos, quantity.nanos);
        assert.equal(again.text, quantity.text);
      }),
      { interruptAfterTimeLimit: 2000 },
    );
  });

  test('a sum less one part is the other part; order agrees with differences', () => {
    fc.assert(
      fc.property(amounts, amounts, (left, right) => {
        const [a, b] = [parse(left), parse(right)];
        assert.equal(compareQuantity(subtractQuantity(addQuantity(a, b), b), a), 0);
        assert.equal(compareQuantity(a, b), compareQuantity(subtractQuantity(a, b), parse('0')));
      }),
      { interruptAfterTimeLimit: 2000 },
    );
  });

  test('any text is read or refused, never thrown at', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom(...'0123456789.+-eEinumkKMGTP ')).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        assert.equal(parseQuantity(text) === undefined, quantityProblem(text) !== undefined);
      }),
      { interruptAfterTimeLimit: 2000 },
    );
  });
});
