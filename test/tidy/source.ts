/** Parses a TypeScript source into the few facts that the tidy rules look at. */
import { type Node, parseSync } from 'oxc-parser';

/** A file under check; `path` is relative to the project, with forward slashes. */
export interface SourceFile {
  path: string;
  text: string;
}

export interface Import {
  specifier: string;
  line: number;
}

export interface FunctionSpan {
  name: string;
  line: number;
  lines: number;
}

/** A use of something by name: `Date.now`, `setTimeout(`, `test.only(`; `args` counts a call's arguments. */
export interface Use {
  name: string;
  line: number;
  call: boolean;
  args: unknown[];
}

export interface ParsedFile extends SourceFile {
  imports: Import[];
  functions: FunctionSpan[];
  uses: Use[];
}

type AnyNode = Node & Record<string, unknown>;

function isNode(value: unknown): value is AnyNode {
  return (
    typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
  );
}

/** `a.b.c` for a chain of plain names (`a?.b` and `a['b']` too), otherwise undefined. */
function dottedName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier') return node.name as string;
  if (node.type === 'ChainExpression') return dottedName(node.expression);
  if (node.type === 'NewExpression') return dottedName(node.callee);
  if (node.type !== 'MemberExpression') return undefined;
  const object = dottedName(node.object);
  const property = node.property as AnyNode;
  const key =
    property.type === 'Literal' ? property.value : node.computed === true ? undefined : property.name;
  return object === undefined || typeof key !== 'string' ? undefined : `${object}.${key}`;
}

/** A literal's value, an object literal's literal properties, otherwise undefined. */
function literalValue(node: unknown): unknown {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal') return node.value;
  if (node.type === 'TemplateLiteral') return '`template`';
  if (node.type !== 'ObjectExpression') return undefined;
  const properties = node.properties as AnyNode[];
  return Object.fromEntries(
    properties.flatMap((property) => {
      const key = property.key as AnyNode | undefined;
      const name = key?.type === 'Identifier' ? key.name : key?.value;
      return typeof name === 'string' ? [[name, literalValue(property.value)]] : [];
    }),
  );
}

const functionTypes = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'];

export function parseSource(file: SourceFile): ParsedFile {
  const parsed = parseSync(file.path, file.text, { lang: 'ts' });
  if (parsed.errors.length > 0) throw new Error(`${file.path}: ${parsed.errors[0]?.message}`);
  const lineStarts = [0];
  for (let at = file.text.indexOf('\n'); at >= 0; at = file.text.indexOf('\n', at + 1))
    lineStarts.push(at + 1);
  const lineOf = (offset: number) => {
    const after = lineStarts.findIndex((start) => start > offset);
    return after < 0 ? lineStarts.length : after;
  };
  const out: ParsedFile = { ...file, imports: [], functions: [], uses: [] };

  const addImport = (source: unknown, line: number) => {
    const specifier = literalValue(source);
    if (typeof specifier === 'string') out.imports.push({ specifier, line });
  };

  const visit = (node: AnyNode, parent: AnyNode | undefined) => {
    const line = lineOf(node.start);
    if ('source' in node && /^(TS)?(Import|Export)/.test(node.type)) {
      addImport(node.source, line);
    }
    if (functionTypes.includes(node.type) && isNode(node.body)) {
      const named = (node.id ?? parent?.id ?? parent?.key) as AnyNode | undefined;
      const name = typeof named?.name === 'string' ? named.name : '(anonymous)';
      out.functions.push({ name, line, lines: lineOf(node.end) - line + 1 });
    }
    visitUse(node, parent, line);
    for (const [key, child] of Object.entries(node)) {
      if (key === 'type' || key === 'start' || key === 'end') continue;
      for (const each of Array.isArray(child) ? child : [child]) if (isNode(each)) visit(each, node);
    }
  };

  const visitUse = (node: AnyNode, parent: AnyNode | undefined, line: number) => {
    if (node.type === 'CallExpression' || node.type === 'NewExpression') {
      const args = (node.arguments as unknown[]).map(literalValue);
      const name = dottedName(node.callee);
      const prefix = node.type === 'NewExpression' ? 'new ' : '';
      if (name !== undefined) out.uses.push({ name: `${prefix}${name}`, line, call: true, args });
      if (name === 'URL' && String(args[0]).startsWith('.')) {
        out.imports.push({ specifier: String(args[0]), line });
      }
    }
    const reference = node.type === 'MemberExpression' || node.type === 'Identifier';
    const isPartOfMember = parent?.type === 'MemberExpression' && parent.object !== node;
    const isPropertyKey = parent !== undefined && 'key' in parent && parent.key === node && !parent.shorthand;
    if (!reference || isPartOfMember || isPropertyKey) return;
    const name = dottedName(node);
    if (name !== undefined) out.uses.push({ name, line, call: false, args: [] });
  };

  visit(parsed.program as unknown as AnyNode, undefined);
  return out;
}
