/**
 * Reads the v1.36 shapes from devDependencies and writes src/kinds/generated/{types,schemas,definitions}.ts.
 * Run: node tools/generate-kinds.ts
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { atomicTypes, fieldFacts, roots } from './kind-facts.ts';
import { packageOf } from './kind-packages.ts';

const require = createRequire(import.meta.url);
const modelsDirectory = path.join(path.dirname(require.resolve('@kubernetes/client-node')), 'gen/models');

interface Attribute {
  baseName: string;
  type: string;
  format: string;
}

export interface ModelField {
  name: string;
  code: string;
  required: boolean;
  facts: string;
}

export interface Model {
  /** The TypeScript name. */
  name: string;
  /** `io.k8s.api.core.v1` */
  package: string;
  /** Go's name of the struct. */
  goName: string;
  fields: ModelField[];
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

async function readModel(model: string, queue: string[]): Promise<Model> {
  const module = (await import(path.join(modelsDirectory, `${model}.js`))) as Record<
    string,
    { attributeTypeMap: Attribute[] }
  >;
  const declaration = readFileSync(path.join(modelsDirectory, `${model}.d.ts`), 'utf8');
  const name = shortName(model);
  const fields = (module[model]?.attributeTypeMap ?? []).map((attribute): ModelField => {
    const facts = fieldFacts(name, attribute.baseName);
    const code = typeCode(attribute.type, attribute.format, queue);
    const property = attribute.baseName.replace(/[$]/g, '\\$');
    return {
      name: attribute.baseName,
      code: /(?:^| )T=(\S+)/.exec(facts)?.[1] ?? code,
      required: new RegExp(`^    '_?${property}': `, 'm').test(declaration),
      facts: facts.replace(/(?:^| )T=\S+/, '').trim(),
    };
  });
  const { package: ofPackage, name: goName } = packageOf(model);
  return { name, package: ofPackage, goName, fields };
}

/** Every model that the roots reach, sorted by name. */
export async function readModels(): Promise<Model[]> {
  const queue = [...roots];
  const done = new Map<string, Model>();
  while (queue.length > 0) {
    const model = queue.shift() as string;
    if (!done.has(model)) done.set(model, await readModel(model, queue));
  }
  return [...done.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

const header = '// Written by tools/generate-kinds.ts from the v1.36 shapes; do not edit.\n\n';

const propertyName = (name: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);

function typesFile(models: readonly Model[]): string {
  let text = header;
  for (const { name, fields } of models) {
    text += `export interface ${name} {\n`;
    for (const field of fields) {
      const isRootMetadata =
        field.name === 'metadata' &&
        field.code === '@ObjectMeta' &&
        fields.some((each) => each.name === 'kind');
      const optional = field.required || isRootMetadata ? '' : '?';
      text += `  ${propertyName(field.name)}${optional}: ${typeScript(field.code)};\n`;
    }
    text += '}\n\n';
  }
  return text;
}

function schemasFile(models: readonly Model[]): string {
  let text = `${header}/** Read by parseField in ../schema.ts. */\nexport const rawSchemas: Readonly<Record<string, string>> = {\n`;
  for (const { name, fields } of models) {
    const parts = fields.map((field) =>
      [field.name, field.code, field.required ? '!' : '', field.facts]
        .filter((each) => each !== '')
        .join(' '),
    );
    if (atomicTypes.includes(name)) parts.unshift('@atomic');
    text += `  ${name}: '${parts.join(';')}',\n`;
  }
  return `${text}};\n`;
}

function definitionsFile(models: readonly Model[]): string {
  const packages = new Map<string, string[]>();
  for (const model of models) {
    const entry = model.name === model.goName ? model.name : `${model.name}=${model.goName}`;
    packages.set(model.package, [...(packages.get(model.package) ?? []), entry]);
  }
  let text = `${header}/** Per Go package: its types, \`Ours=Theirs\` where the names differ. Read by ../definitions.ts. */\n`;
  text += 'export const rawDefinitions: Readonly<Record<string, string>> = {\n';
  for (const [name, entries] of [...packages].sort()) text += `  '${name}': '${entries.join(' ')}',\n`;
  return `${text}};\n`;
}

export async function generate(): Promise<Record<string, string>> {
  const models = await readModels();
  return {
    'types.ts': typesFile(models),
    'schemas.ts': schemasFile(models),
    'definitions.ts': definitionsFile(models),
  };
}

if (import.meta.main)
  for (const [file, text] of Object.entries(await generate()))
    writeFileSync(new URL(`../src/kinds/generated/${file}`, import.meta.url), text);
