/**
 * Label selectors in their string form: `app=web,tier in (front, back),!legacy`.
 * Source of grammar, canonical form and wording: k8s.io/apimachinery pkg/labels.
 */
import { describeFieldErrors, type FieldError, invalid, Path } from './field.ts';
import { isLabelValue, isQualifiedName } from './names.ts';
import { SelectorError } from './selector-error.ts';
import { type SelectorToken, scanSelector } from './selector-scanner.ts';

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!';

/** One term; a selector is the conjunction of its terms. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, each once. Exactly one for =, ==, !=, gt, lt; none for exists and !. */
  readonly values: readonly string[];
}

const binaryOperators: readonly LabelOperator[] = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'];

const operatorOfToken: Readonly<Record<string, LabelOperator | undefined>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};

/** Go's nil *field.Path prints so; the string parser has no path to give. */
const noPath = new Path('<nil>');
const keyPath = new Path('key');
const valuesPath = new Path('values');

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

/** strconv.ParseInt(text, 10, 64); undefined where that fails. */
function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text) || text.length > 64) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return value > int64Max || value < int64Min ? undefined : value;
}

function keyErrors(key: string, at: Path): FieldError[] {
  const messages = isQualifiedName(key);
  return messages.length === 0 ? [] : [invalid(at, key, messages.join('; '))];
}

/** Checks a term and puts its values in order. Throws SelectorError in upstream's words. */
function labelRequirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const errors = keyErrors(key, keyPath);
  const integers = operator === 'gt' || operator === 'lt';
  if ((operator === 'in' || operator === 'notin') && values.length === 0)
    errors.push(invalid(valuesPath, values, "for 'in', 'notin' operators, values set can't be empty"));
  if ((operator === '=' || operator === '==' || operator === '!=') && values.length !== 1)
    errors.push(invalid(valuesPath, values, 'exact-match compatibility requires one single value'));
  if ((operator === 'exists' || operator === '!') && values.length !== 0)
    errors.push(invalid(valuesPath, values, 'values set must be empty for exists and does not exist'));
  if (integers && values.length !== 1)
    errors.push(invalid(valuesPath, values, "for 'Gt', 'Lt' operators, exactly one value is required"));
  values.forEach((value, index) => {
    if (integers && parseInt64(value) === undefined)
      errors.push(
        invalid(valuesPath.index(index), value, "for 'Gt', 'Lt' operators, the value must be an integer"),
      );
  });
  values.forEach((value, index) => {
    const messages = isLabelValue(value);
    if (messages.length > 0)
      errors.push(invalid(valuesPath.index(index).key(key), value, messages.join('; ')));
  });
  if (errors.length > 0) throw new SelectorError(describeFieldErrors(errors));
  return { key, operator, values };
}

class LabelParser {
  readonly #tokens: readonly SelectorToken[];
  #position = 0;

  constructor(text: string) {
    this.#tokens = scanSelector(text);
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.kind === 'end') return requirements;
      if (token.kind !== 'identifier' && token.kind !== '!')
        throw new SelectorError(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      requirements.push(this.#requirementInContext());
      const next = this.#take();
      if (next.kind === 'end') return requirements;
      if (next.kind !== ',')
        throw new SelectorError(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.kind !== 'identifier' && after.kind !== '!')
        throw new SelectorError(`found '${after.text}', expected: identifier after ','`);
    }
  }

  /** The end is never passed, so that a token can always be looked at. */
  #raw(): SelectorToken {
    return this.#tokens[Math.min(this.#position, this.#tokens.length - 1)] as SelectorToken;
  }

  /** `in` and `notin` are words like others wherever no operator is wanted. */
  #peek(): SelectorToken {
    const token = this.#raw();
    return token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token;
  }

  #take(): SelectorToken {
    const token = this.#peek();
    this.#position++;
    return token;
  }

  #requirementInContext(): LabelRequirement {
    try {
      return this.#requirement();
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      throw new SelectorError(`unable to parse requirement: ${error.message}`);
    }
  }

  #requirement(): LabelRequirement {
    let token = this.#take();
    const negated = token.kind === '!';
    if (negated) token = this.#take();
    if (token.kind !== 'identifier') throw new SelectorError(`found '${token.text}', expected: identifier`);
    const errors = keyErrors(token.text, noPath);
    if (errors.length > 0) throw new SelectorError(describeFieldErrors(errors));
    const next = this.#peek();
    if (negated) return labelRequirement(token.text, '!', []);
    if (next.kind === 'end' || next.kind === ',') return labelRequirement(token.text, 'exists', []);
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#exactValue()];
    return labelRequirement(token.text, operator, values);
  }

  #operator(): LabelOperator {
    const token = this.#raw();
    this.#position++;
    const operator = token.kind === 'identifier' ? undefined : operatorOfToken[token.kind];
    if (operator === undefined)
      throw new SelectorError(`found '${token.text}', expected: ${binaryOperators.join(', ')}`);
    return operator;
  }

  #values(): string[] {
    const open = this.#take();
    if (open.kind !== '(') throw new SelectorError(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.kind === ')') {
      this.#take();
      return [''];
    }
    if (first.kind !== 'identifier' && first.kind !== ',')
      throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
    const values = this.#identifiers();
    if (this.#take().kind !== ')') throw new SelectorError(`found '${first.text}', expected: ')'`);
    return [...values].sort();
  }

  /** `a,,b` and `,a` hold the empty value too. */
  #identifiers(): Set<string> {
    const values = new Set<string>();
    for (;;) {
      const token = this.#take();
      const next = this.#peek();
      if (token.kind === 'identifier') {
        values.add(token.text);
        if (next.kind === ')') return values;
        if (next.kind !== ',') throw new SelectorError(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.kind === ',') {
        if (values.size === 0 || next.kind === ',' || next.kind === ')') values.add('');
        if (next.kind === ')') return values;
      } else throw new SelectorError(`found '${token.text}', expected: ',', or identifier`);
    }
  }

  #exactValue(): string {
    const next = this.#peek();
    if (next.kind === 'end' || next.kind === ',') return '';
    const token = this.#take();
    if (token.kind !== 'identifier') throw new SelectorError(`found '${token.text}', expected: identifier`);
    return token.text;
  }
}

const byKey = (a: LabelRequirement, b: LabelRequirement): number =>
  a.key < b.key ? -1 : a.key > b.key ? 1 : 0;

/** The terms in the order of their keys; none for the empty text, which matches everything. Throws SelectorError only. */
export function parseLabelSelector(text: string): LabelRequirement[] {
  return new LabelParser(text).parse().sort(byKey);
}

type Labels = Readonly<Record<string, string>> | undefined;

function matchesOne(requirement: LabelRequirement, labels: Labels): boolean {
  const { key, operator, values } = requirement;
  const present = labels !== undefined && Object.hasOwn(labels, key);
  switch (operator) {
    case '=':
    case '==':
      return present && labels[key] === values[0];
    case '!=':
      return !present || labels[key] !== values[0];
    case 'in':
      return present && values.includes(labels[key] as string);
    case 'notin':
      return !present || !values.includes(labels[key] as string);
    case 'exists':
      return present;
    case '!':
      return !present;
    default: {
      const left = present ? parseInt64(labels[key] as string) : undefined;
      const right = parseInt64(values[0] ?? '');
      if (left === undefined || right === undefined) return false;
      return operator === 'gt' ? left > right : left < right;
    }
  }
}

/** Whether every term holds. Runs per object and watcher: no allocation. */
export function matchesLabels(requirements: readonly LabelRequirement[], labels: Labels): boolean {
  for (const requirement of requirements) if (!matchesOne(requirement, labels)) return false;
  return true;
}

function formatOne({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case '!':
      return `!${key}`;
    case 'exists':
      return key;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`;
    case 'gt':
      return `${key}>${values[0]}`;
    case 'lt':
      return `${key}<${values[0]}`;
    default:
      return `${key}${operator}${values[0]}`;
  }
}

/** The canonical string: `app=web,tier in (back,front)`. Parses back to the same terms. */
export function formatLabelSelector(requirements: readonly LabelRequirement[]): string {
  return requirements.map(formatOne).join(',');
}
