import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { defineKind } from '../../kinds/kind.ts';
import { descriptionsFrom, parseDeclaration } from './descriptions.ts';

const declaration = `import { X } from "./X.js";
/**
 * Thing is a thing.
 *
 * It has two paragraphs.
 */
export interface IThing extends TypeMeta {
    "kind": "Thing";
    /**
     * First field.
     *
     * Possible values:
     *  - \`"A"\` is a.
     */
    "first"?: "A" | "B";
    /**
     * Second field, with a *star*.
     */
    "x-second": Array<X>;
    /**
     * Third field.
     */
    "third"?: {
        [key: string]: string;
    };
    /**
     * Last field.
     */
    "last"?: "C" | "D";
}
/**
 * Another text.
 */
export declare class Thing extends Model<IThing> {
    "first"?: string;
}
`;

test('a declaration file gives the texts of a type and its fields', () => {
  assert.deepEqual(parseDeclaration(declaration), {
    description: 'Thing is a thing.\n\nIt has two paragraphs.',
    fields: new Map<string, object>([
      ['first', { description: 'First field.\n\nPossible values:\n - `"A"` is a.', enum: ['A', 'B'] }],
      ['x-second', { description: 'Second field, with a *star*.' }],
      ['third', { description: 'Third field.' }],
      ['last', { description: 'Last field.', enum: ['C', 'D'] }],
    ]),
  });
  assert.deepEqual(parseDeclaration('export type Thing = string;\n'), { fields: new Map() });
});

const configMap = defineKind({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  scope: 'Namespaced',
  example: { metadata: {} },
});

test('texts are read where the package is, and are absent where it is not', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'wherry-texts-'));
  try {
    const name = 'io.k8s.api.core.v1.ConfigMap';
    const absent = descriptionsFrom(directory, [configMap]);
    await absent.load([name, 'io.k8s.api.other.v1.Nothing']);
    assert.equal(absent.of(name), undefined);

    await mkdir(path.join(directory, 'kubernetes-models/v1'), { recursive: true });
    await mkdir(path.join(directory, '@kubernetes/client-node/dist/gen/models'), { recursive: true });
    await writeFile(path.join(directory, 'kubernetes-models/v1/ConfigMap.d.ts'), declaration);
    await writeFile(
      path.join(directory, '@kubernetes/client-node/dist/gen/models/V1Pod.d.ts'),
      "    /**\n    * The version.\n    */\n    'apiVersion'?: string;\n    /**\n    * The kind.\n    */\n    'kind'?: string;\n",
    );
    const present = descriptionsFrom(directory, [configMap]);
    assert.equal(present.of(name), undefined);
    await present.load([name]);
    const texts = present.of(name);
    assert.equal(texts?.description, 'Thing is a thing.\n\nIt has two paragraphs.');
    assert.deepEqual(
      [...(texts?.fields ?? [])].map(([field, text]) => `${field}: ${text.description?.split('\n')[0]}`),
      [
        'apiVersion: The version.',
        'kind: The kind.',
        'first: First field.',
        'x-second: Second field, with a *star*.',
        'third: Third field.',
        'last: Last field.',
      ],
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});
