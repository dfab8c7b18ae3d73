/**
 * Reads the v1.36 shapes from devDependencies and writes src/kinds/generated/{types,schemas}.ts.
 * Run: node tools/generate-kinds.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { extraFacts, roots } from './kind-facts.ts';

const require = createRequire(import.meta.url);
const modelsDirectory = path.join(path.dirname(require.resolve('@kubernetes/client-node')), 'gen/models');

interface Attribute {
  baseName: string;
  type: string;
  format: string;
}

/** `V1Pod` -> `Pod`, `CoreV1Event` -> `CoreEvent`, `V2HPAStatus` -> `HPAStatusV2`. */
function shortName(model: string): string {
  const match = /^([A-Z][a-z]+)??V(\d)([A-Z].*)$/.exec(model);
  if (match === null) return model;
  const [, prefix = '', version, name] = match;
  return `${prefix}${name}${version === '1' ? '' : `V${version}`}`;
}

const scalarTypes: Record<string, string> = {
  'string|': 's',
  'string|byte': 'B',
  'number|int32': 'i',
  'number|int64': 'l',
  'number|double': 'n',
  'number|': 'n',
  'boolean|': 'b',
  'Date|date-time': 't',
  'V1MicroTime|date-time': 'u',
  'V1MicroTime|': 'u',
  'IntOrString|int-or-string': 'x',
  'any|': '*',
};

function typeCode(type: string, format: string, queue: string[]): string {
  const list = /^(?:Array|Set)<(.*)>$/.exec(type);
  if (list) return `[]${typeCode(list[1] as string, format, queue)}`;
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type);
  if (map) return `{}${typeCode(map[1] as string, format, queue)}`;
  const scalar = scalarTypes[`${type}|${format}`] ?? (type === 'any' ? '*' : undefined);
  if (scalar) return scalar;
  if (type === 'V1MicroTime') return 'u';
  if (!/^[A-Z]/.test(type)) throw new Error(`unknown type ${type} ${format}`);
  queue.push(type);
  return `@${shortName(type)}`;
}

const typeScriptScalars: Record<string, string> = {
  s: 'string',
  B: 'string',
  i: 'number',
  l: 'number',
  n: 'number',
  b: 'boolean',
  t: 'string',
  u: 'string',
  q: 'string',
  x: 'number | string',
  '*': 'unknown',
};

function typeScript(code: string): string {
  if (code.startsWith('[]')) {
    const inner = typeScript(code.slice(2));
    return inner.includes('|') ? `(${inner})[]` : `${inner}[]`;
  }
  if (code.startsWith('{}')) return `Record<string, ${typeScript(code.slice(2))}>`;
  if (code.startsWith('@')) return code.slice(1);
  return typeScriptScalars[code] as string;
}

async function main(): Promise<void> {
  const queue = [...roots];
  const done = new Map<string, { name: string; code: string; required: boolean; facts: string }[]>();
  while (queue.length > 0) {
    const model = queue.shift() as string;
    if (done.has(model)) continue;
    const module = (await import(path.join(modelsDirectory, `${model}.js`))) as Record<
      string,
      { attributeTypeMap: Attribute[] }
    >;
    const declaration = readFileSync(path.join(modelsDirectory, `${model}.d.ts`), 'utf8');
    const fields = [];
    for (const attribute of module[model]?.attributeTypeMap ?? []) {
      const facts = extraFacts[`${shortName(model)}.${attribute.baseName}`] ?? '';
      let code = typeCode(attribute.type, attribute.format, queue);
      const override = /(?:^| )T=(\S+)/.exec(facts);
      if (override) code = override[1] as string;
      const property = attribute.baseName.replace(/[$]/g, '\\$');
      const required = new RegExp(`^    '_?${property}': `, 'm').test(declaration);
      fields.push({
        name: attribute.baseName,
        code,
        required,
        facts: facts.replace(/(?:^| )T=\S+/, '').trim(),
      });
    }
    done.set(model, fields);
  }
  write(done);
}

function write(
  models: Map<string, { name: string; code: string; required: boolean; facts: string }[]>,
): void {
  const header = '// Written by tools/generate-kinds.ts from the v1.36 shapes; do not edit.\n\n';
  const sorted = [...models]
    .map(([model, fields]) => ({ name: shortName(model), fields }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  let types = header;
  let schemas = `${header}import type { RawSchema } from '../schema.ts';\n\nexport const rawSchemas: Readonly<Record<string, RawSchema>> = {\n`;
  for (const { name, fields } of sorted) {
    types += `export interface ${name} {\n`;
    schemas += `  ${name}: {`;
    for (const field of fields) {
      const root =
        field.name === 'metadata' &&
        field.code === '@ObjectMeta' &&
        fields.some((each) => each.name === 'kind');
      types += `  ${JSON.stringify(field.name).replace(/^"([A-Za-z_$][\w$]*)"$/, '$1')}${field.required || root ? '' : '?'}: ${typeScript(field.code)};\n`;
      schemas += ` ${JSON.stringify(field.name).replace(/^"([A-Za-z_][\w]*)"$/, '$1')}: '${[field.code, field.required ? '!' : '', field.facts].filter((each) => each !== '').join(' ')}',`;
    }
    types += '}\n\n';
    schemas += ' },\n';
  }
  writeFileSync(new URL('../src/kinds/generated/types.ts', import.meta.url), types);
  writeFileSync(new URL('../src/kinds/generated/schemas.ts', import.meta.url), `${schemas}};\n`);
}

await main();
