/** The words of a label selector. Source: the lexer of k8s.io/apimachinery pkg/labels. */

export type TokenKind =
  | 'identifier'
  | 'end'
  | 'in'
  | 'notin'
  | '('
  | ')'
  | ','
  | '!'
  | '='
  | '=='
  | '!='
  | '<'
  | '>';

export interface SelectorToken {
  readonly kind: TokenKind;
  readonly text: string;
}

const special = new Set(['=', '!', '(', ')', ',', '>', '<']);
const blank = new Set([' ', '\t', '\r', '\n']);
/** Upstream reads NUL as the end of what it is reading. */
const nul = '\0';

/** Every token, the last one being the end. */
export function scanSelector(text: string): SelectorToken[] {
  const tokens: SelectorToken[] = [];
  let position = 0;
  for (;;) {
    while (position < text.length && blank.has(text[position] as string)) position++;
    const first = text[position];
    if (first === undefined || first === nul) {
      tokens.push({ kind: 'end', text: '' });
      return tokens;
    }
    const start = position++;
    if (special.has(first)) {
      if ((first === '=' || first === '!') && text[position] === '=') position++;
      const symbol = text.slice(start, position);
      tokens.push({ kind: symbol as TokenKind, text: symbol });
      continue;
    }
    while (position < text.length && !endsWord(text[position] as string)) position++;
    const word = text.slice(start, position);
    tokens.push({ kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
    if (text[position] === nul) position++;
  }
}

function endsWord(character: string): boolean {
  return character === nul || special.has(character) || blank.has(character);
}
