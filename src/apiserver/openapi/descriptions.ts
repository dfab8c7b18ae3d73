/**
 * The texts of `kubectl explain`. They are not ours, so they are not in this repository: they are read from the
 * declarations of the devDependency kubernetes-models where that is installed; otherwise documents have none.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { definitionNameOf } from '../../kinds/definitions.ts';
import type { Kind } from '../../kinds/kind.ts';

export interface TypeDescription {
  readonly description?: string;
  readonly fields: ReadonlyMap<string, { readonly description?: string; readonly enum?: readonly string[] }>;
}

export interface Descriptions {
  /** By the name of the definition: `io.k8s.api.core.v1.PodSpec`. */
  of(definition: string): TypeDescription | undefined;
}

/** Where texts come from. `load` resolves when `of` can answer for these definitions; it never rejects. */
export interface DescriptionSource extends Descriptions {
  load(definitions: readonly string[]): Promise<void>;
}

export const noDescriptions: DescriptionSource = { of: () => undefined, load: async () => {} };

/** A documented member of an interface: comment, name, type. */
const memberPattern = /\/\*\*\n((?: *\*[^\n]*\n)+?) *\*\/\n +(?:readonly )?"?([\w$-]+)"?\??: ([^\n]*?);?\n/g;
const interfacePattern = /\/\*\*\n((?: \*[^\n]*\n)+?) \*\/\nexport interface /;

function commentText(lines: string): string {
  return lines
    .split('\n')
    .map((line) => line.replace(/^ *\* ?/, ''))
    .join('\n')
    .trim()
    .replaceAll('*\\/', '*/');
}

const literalsPattern = /^"[^"]*"(?: \| "[^"]*")+$/;

function enumOf(type: string): string[] | undefined {
  return literalsPattern.test(type) ? type.split(' | ').map((each) => JSON.parse(each) as string) : undefined;
}

/** Reads the first interface of a declaration file. */
export function parseDeclaration(text: string): TypeDescription {
  const end = text.indexOf('\n}');
  // With the line break: the last field is one too.
  const declaration = end < 0 ? text : text.slice(0, end + 1);
  const comment = interfacePattern.exec(declaration)?.[1];
  const body = declaration.slice(Math.max(0, declaration.indexOf('export interface ')));
  const fields = new Map<string, { description?: string; enum?: string[] }>();
  for (const [, lines, name, type] of body.matchAll(memberPattern)) {
    const values = enumOf(type as string);
    fields.set(name as string, {
      description: commentText(lines as string),
      ...(values === undefined ? {} : { enum: values }),
    });
  }
  return { ...(comment === undefined ? {} : { description: commentText(comment) }), fields };
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Files that are read at one time. */
const readsMax = 16;

class DeclarationFiles implements DescriptionSource {
  readonly #nodeModules: string;
  /** `io.k8s.api.core.v1` -> folder of kubernetes-models. */
  readonly #folders: ReadonlyMap<string, string>;
  readonly #read = new Map<string, TypeDescription>();
  readonly #tried = new Set<string>();
  readonly #typeMeta = new Map<string, { description: string }>();
  #typeMetaRead: Promise<void> | undefined;

  constructor(nodeModules: string, folders: ReadonlyMap<string, string>) {
    this.#nodeModules = nodeModules;
    this.#folders = folders;
  }

  of(definition: string): TypeDescription | undefined {
    return this.#read.get(definition);
  }

  async #readOne(definition: string): Promise<void> {
    const at = definition.lastIndexOf('.');
    const ofPackage = definition.slice(0, at);
    const folder =
      ofPackage === meta ? '@kubernetes-models/apimachinery/apis/meta/v1' : this.#folders.get(ofPackage);
    if (folder === undefined) return;
    try {
      const file = path.join(this.#nodeModules, folder, `${definition.slice(at + 1)}.d.ts`);
      const parsed = parseDeclaration(await readFile(file, 'utf8'));
      this.#read.set(definition, { ...parsed, fields: new Map([...this.#typeMeta, ...parsed.fields]) });
    } catch {
      // No such file: the package is not installed, or does not have the type. Documents do without.
    }
  }

  /** kubernetes-models fixes apiVersion and kind per type and leaves their texts out; client-node has them. */
  async #readTypeMeta(): Promise<void> {
    try {
      const file = path.join(this.#nodeModules, '@kubernetes/client-node/dist/gen/models/V1Pod.d.ts');
      const text = await readFile(file, 'utf8');
      for (const name of ['apiVersion', 'kind']) {
        const comment = new RegExp(`/\\*\\*\\n((?: *\\*[^\\n]*\\n)+?) *\\*/\\n *'${name}'`).exec(text)?.[1];
        if (comment !== undefined) this.#typeMeta.set(name, { description: commentText(comment) });
      }
    } catch {
      // Not installed.
    }
  }

  async load(definitions: readonly string[]): Promise<void> {
    this.#typeMetaRead ??= this.#readTypeMeta();
    await this.#typeMetaRead;
    const wanted = definitions.filter((each) => !this.#tried.has(each));
    for (const each of wanted) this.#tried.add(each);
    for (let from = 0; from < wanted.length; from += readsMax)
      await Promise.all(wanted.slice(from, from + readsMax).map((each) => this.#readOne(each)));
  }
}

/** `io.k8s.api.rbac.v1` -> its folder, from the kinds that live there. */
function foldersOf(kinds: readonly Kind[]): Map<string, string> {
  const folders = new Map<string, string>();
  for (const { schema, group, version } of kinds) {
    const definition = definitionNameOf(schema);
    const folder = group === '' ? version : `${group}/${version}`;
    folders.set(definition.slice(0, definition.lastIndexOf('.')), `kubernetes-models/${folder}`);
  }
  return folders;
}

/** Texts from `nodeModules`, the folder in which kubernetes-models would be. Nothing is read before `load`. */
export function descriptionsFrom(nodeModules: string, kinds: readonly Kind[]): DescriptionSource {
  return new DeclarationFiles(nodeModules, foldersOf(kinds));
}
