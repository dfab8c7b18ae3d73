/**
 * Field selectors: `metadata.name=web,status.phase!=Running`, with `\` before a `\`, `,` or `=` in a value.
 * Source of grammar, canonical form and wording: k8s.io/apimachinery pkg/fields.
 */
import { getOwn } from './object.ts';
import { SelectorError } from './selector-error.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** At a place in a term, the longest operator counts; over the term, the first place. */
const operators = ['!=', '==', '='];

/** Cuts at the commas that no backslash stands before. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  let escaped = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (escaped) escaped = false;
    else if (character === '\\') escaped = true;
    else if (character === ',') {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function splitTerm(term: string): { field: string; operator: string; value: string } | undefined {
  for (let index = 0; index < term.length; index++) {
    const operator = operators.find((each) => term.startsWith(each, index));
    if (operator !== undefined)
      return { field: term.slice(0, index), operator, value: term.slice(index + operator.length) };
  }
  return undefined;
}

function unescapeValue(text: string): string {
  let value = '';
  let escaped = false;
  for (const character of text) {
    if (escaped) {
      if (character !== '\\' && character !== ',' && character !== '=')
        throw new SelectorError(`invalid field selector: invalid escape sequence: \\${character}`);
      value += character;
      escaped = false;
    } else if (character === '\\') escaped = true;
    else if (character === ',' || character === '=') {
      // Go's %v of a rune is its number.
      throw new SelectorError(
        `invalid field selector: unescaped character in value: ${character.codePointAt(0)}`,
      );
    } else value += character;
  }
  if (escaped) throw new SelectorError('invalid field selector: invalid escape sequence: \\');
  return value;
}

/** The terms, sorted as text; none for the empty text. Throws SelectorError only. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).sort()) {
    if (term === '') continue;
    const parts = splitTerm(term);
    if (parts === undefined)
      throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    requirements.push({
      field: parts.field,
      operator: parts.operator === '!=' ? '!=' : '=',
      value: unescapeValue(parts.value),
    });
  }
  return requirements;
}

/** A field that is absent reads as the empty string, as upstream's field sets do. */
export function matchesFields(
  requirements: readonly FieldRequirement[],
  fields: Readonly<Record<string, string>>,
): boolean {
  for (const { field, operator, value } of requirements)
    if (((getOwn(fields, field) ?? '') === value) !== (operator === '=')) return false;
  return true;
}

/** The canonical string; parses back to the same terms. */
export function formatFieldSelector(requirements: readonly FieldRequirement[]): string {
  return requirements
    .map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`)
    .join(',');
}

/** The value that the selector demands of a field: for reading one object, or one namespace, instead of all. */
export function exactFieldValue(
  requirements: readonly FieldRequirement[],
  field: string,
): string | undefined {
  return requirements.find((each) => each.field === field && each.operator === '=')?.value;
}

/** What a kind can be selected by. */
export interface SelectableKind {
  readonly kind: string;
  readonly scope: 'Namespaced' | 'Cluster';
  /** Besides metadata.name and metadata.namespace; absent for a kind that adds nothing. */
  readonly selectable?: readonly string[];
}

/**
 * Checks that the kind can be selected by these fields. Throws SelectorError, which is a 400; what kubectl prints in
 * front (`Unable to find ... that match label selector ...`) is put there by kubectl itself.
 * Source: DefaultMetaV1FieldSelectorConversion and the kinds' own conversion.go.
 */
export function checkSelectableFields(
  requirements: readonly FieldRequirement[],
  { kind, scope, selectable }: SelectableKind,
): void {
  for (const { field } of requirements) {
    if (field === 'metadata.name' || selectable?.includes(field)) continue;
    if (field === 'metadata.namespace' && (scope === 'Namespaced' || selectable === undefined)) continue;
    if (selectable === undefined)
      throw new SelectorError(
        `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
      );
    throw new SelectorError(
      kind === 'Job'
        ? `field label ${JSON.stringify(field)} not supported for batchv1.Job`
        : `field label not supported: ${field}`,
    );
  }
}
