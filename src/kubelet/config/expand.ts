/**
 * `$(NAME)` in commands, arguments and values; `$$` is one dollar. What is not known stays as it is written.
 * Source: kubernetes third_party/forked/golang/expansion.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let result = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    const next = text[at + 1];
    if (character !== '$' || next === undefined) {
      result += character;
      continue;
    }
    const end = next === '(' ? text.indexOf(')', at + 2) : -1;
    if (end >= 0) {
      const name = text.slice(at + 2, end);
      result += lookup(name) ?? `$(${name})`;
      at = end;
    } else {
      result += next === '$' ? '$' : `$${next}`;
      at += 1;
    }
  }
  return result;
}
