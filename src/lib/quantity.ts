/**
 * Amounts of a resource: `100m`, `1.5Gi`, `2e3`. Exact: a bigint counts billionths, the finest step that the API
 * knows. Source of grammar, rounding and canonical form: k8s.io/apimachinery pkg/api/resource.
 */

/** The family of suffix that a text had is kept when it is written again. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export interface Quantity {
  /** The amount in billionths. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
  /** How it is written. Upstream leaves some spellings alone that are not quite canonical: `+1`, `1.500`. */
  readonly text: string;
}

/** Longer texts and larger exponents are refused, so that no one can make us compute numbers of a million digits. */
const quantityCharactersMax = 1024;
const quantityExponentMax = 1024;

const suffixCharacters = 'eEinumkKMGTP';
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const decimalExponentMin = -9;
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const nano = 1_000_000_000n;
const int64Max = 2n ** 63n - 1n;

const wrongFormat =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const wrongSuffix = "unable to parse quantity's suffix";

interface Parts {
  negative: boolean;
  /** Digits before the point, without leading zeros; `0` when there are none. */
  whole: string;
  /** Digits after the point. */
  fraction: string;
  suffix: string;
}

const isDigit = (character: string | undefined): boolean =>
  character !== undefined && character >= '0' && character <= '9';

/** Where the run of characters that please `test` ends, from `start` on. */
function runEnd(text: string, start: number, test: (character: string) => boolean): number {
  let end = start;
  while (end < text.length && test(text[end] as string)) end += 1;
  return end;
}

/**
 * Splits a text. A hand-written scan, because upstream's differs from its own regular expression in odd corners: `Ki`
 * and `.` are zero, `1.G` is 1G.
 */
function split(text: string): Parts | undefined {
  const signed = text[0] === '-' || text[0] === '+';
  const wholeStart = runEnd(text, signed ? 1 : 0, (character) => character === '0');
  let at = runEnd(text, wholeStart, isDigit);
  const whole = text.slice(wholeStart, at) || '0';
  let fraction = '';
  if (text[at] === '.') {
    const end = runEnd(text, at + 1, isDigit);
    fraction = text.slice(at + 1, end);
    at = end;
  }
  const suffixStart = at;
  at = runEnd(text, at, (character) => suffixCharacters.includes(character));
  if (text[at] === '-' || text[at] === '+') at += 1;
  if (runEnd(text, at, isDigit) !== text.length) return undefined;
  return { negative: text[0] === '-', whole, fraction, suffix: text.slice(suffixStart) };
}

interface Suffix {
  base: 2 | 10;
  exponent: number;
  format: QuantityFormat;
}

function readSuffix(suffix: string): Suffix | undefined {
  const decimal = decimalSuffixes.indexOf(suffix);
  if (decimal >= 0) return { base: 10, exponent: decimalExponentMin + 3 * decimal, format: 'DecimalSI' };
  const binary = binarySuffixes.indexOf(suffix);
  if (binary > 0) return { base: 2, exponent: 10 * binary, format: 'BinarySI' };
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) return undefined;
  const exponent = Number(suffix.slice(1));
  if (Math.abs(exponent) > quantityExponentMax) return undefined;
  return { base: 10, exponent, format: 'DecimalExponent' };
}

/** Rounds away from zero: whoever asks for a little gets a little. */
function divideUp(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  if (dividend % divisor === 0n) return quotient;
  return dividend < 0n ? quotient - 1n : quotient + 1n;
}

/** The mantissa without factors of `base`, and how many there were. */
function withoutFactors(amount: bigint, base: bigint): { mantissa: bigint; times: number } {
  let mantissa = amount;
  let times = 0;
  while (mantissa !== 0n && mantissa % base === 0n) {
    mantissa /= base;
    times += 1;
  }
  return { mantissa, times };
}

function writeDecimal(nanos: bigint, format: QuantityFormat): string {
  const { mantissa, times } = withoutFactors(nanos, 10n);
  let exponent = decimalExponentMin + times;
  exponent -= ((exponent % 3) + 3) % 3;
  // Upstream drops the suffix of what exceeds E; we keep the largest suffix there is and the value with it.
  if (format === 'DecimalSI') exponent = Math.min(exponent, 18);
  const digits = mantissa * 10n ** BigInt(decimalExponentMin + times - exponent);
  if (format === 'DecimalExponent') return exponent === 0 ? `${digits}` : `${digits}e${exponent}`;
  return `${digits}${decimalSuffixes[(exponent - decimalExponentMin) / 3]}`;
}

function writeBinary(amount: bigint): string {
  const { times } = withoutFactors(amount, 1024n);
  const step = Math.min(times, binarySuffixes.length - 1);
  return `${amount / 1024n ** BigInt(step)}${binarySuffixes[step]}`;
}

/** The canonical text: no fraction, nothing lost, the largest suffix. */
function write(nanos: bigint, format: QuantityFormat): string {
  if (nanos === 0n) return '0';
  if (format !== 'BinarySI') return writeDecimal(nanos, format);
  const small = nanos > -1024n * nano && nanos < 1024n * nano;
  return small || nanos % nano !== 0n ? writeDecimal(nanos, 'DecimalSI') : writeBinary(nanos / nano);
}

/** Whether upstream's fast path keeps the text as it came. */
function isKept({ whole, fraction }: Parts, { base, exponent }: Suffix): boolean {
  const digits = whole + fraction;
  if (base === 2) {
    const precision = 15 - whole.length - Math.trunc((exponent * 3) / 10) - 1;
    return fraction === '' && precision >= 0 && (BigInt(whole) & 7n) !== 0n;
  }
  const scale = exponent - fraction.length;
  const fits = digits.length <= 18 && scale >= decimalExponentMin;
  return fits && scale % 3 === 0 && !digits.endsWith('000') && digits[0] !== '0';
}

/** The amount in billionths, rounded up and capped as upstream does. */
function amountOf({ negative, whole, fraction }: Parts, { base, exponent }: Suffix): bigint {
  const digits = BigInt(whole + fraction);
  let nanos: bigint;
  if (base === 2) nanos = divideUp(digits * (1n << BigInt(exponent)) * nano, 10n ** BigInt(fraction.length));
  else {
    const scale = exponent - fraction.length - decimalExponentMin;
    nanos = scale >= 0 ? digits * 10n ** BigInt(scale) : divideUp(digits, 10n ** BigInt(-scale));
  }
  if (base === 2 && nanos > int64Max * nano) nanos = int64Max * nano;
  return negative ? -nanos : nanos;
}

function read(text: string): Quantity | string {
  if (text === '' || text.length > quantityCharactersMax) return wrongFormat;
  const parts = split(text);
  if (parts === undefined) return wrongFormat;
  const suffix = readSuffix(parts.suffix);
  if (suffix === undefined) return wrongSuffix;
  const nanos = amountOf(parts, suffix);
  if (isKept(parts, suffix)) return { nanos, format: suffix.format, text };
  const tiny =
    suffix.format === 'BinarySI' && parts.fraction !== '' && nanos !== 0n && nanos < nano && nanos > -nano;
  const format = tiny ? 'DecimalSI' : suffix.format;
  return { nanos, format, text: write(nanos, format) };
}

/** A cluster has few quantities and each of them many times: reading one again costs a look-up. */
const known = new Map<string, Quantity>();
const knownMax = 1024;
const knownCharactersMax = 32;

/** Reads a quantity; undefined when the text is none. Blanks around it are allowed, as in JSON upstream. */
export function parseQuantity(text: string): Quantity | undefined {
  const found = known.get(text);
  if (found !== undefined) return found;
  const result = read(text.trim());
  if (typeof result === 'string') return undefined;
  if (text.length > knownCharactersMax) return result;
  if (known.size >= knownMax) known.clear();
  known.set(text, result);
  return result;
}

/** What is wrong with a text, in upstream's words; undefined when it is a quantity. */
export function quantityProblem(text: string): string | undefined {
  if (known.has(text)) return undefined;
  const result = read(text.trim());
  return typeof result === 'string' ? result : undefined;
}

/** The form in which the API stores a quantity; undefined when the text is none. */
export function canonicalQuantity(text: string): string | undefined {
  return parseQuantity(text)?.text;
}

/** Negative, 0 or positive, as sort wants it. */
export function compareQuantity(left: Quantity, right: Quantity): number {
  if (left.nanos === right.nanos) return 0;
  return left.nanos < right.nanos ? -1 : 1;
}

function make(nanos: bigint, format: QuantityFormat): Quantity {
  return { nanos, format, text: write(nanos, format) };
}

/** The sum, written like `left` unless that is zero. */
export function addQuantity(left: Quantity, right: Quantity): Quantity {
  return make(left.nanos + right.nanos, left.nanos === 0n ? right.format : left.format);
}

/** The difference, written like `left` unless that is zero. */
export function subtractQuantity(left: Quantity, right: Quantity): Quantity {
  return make(left.nanos - right.nanos, left.nanos === 0n ? right.format : left.format);
}

/** Whole units, rounded away from zero. */
export function value(quantity: Quantity): bigint {
  return divideUp(quantity.nanos, nano);
}

/** Thousandths, rounded away from zero. */
export function milliValue(quantity: Quantity): bigint {
  return divideUp(quantity.nanos, 1_000_000n);
}

/** A quantity of so many units. */
export function quantityOf(units: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
  return make(BigInt(units) * nano, format);
}
