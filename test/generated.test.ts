/** The generated files are what the generator makes now, and its hand-kept tables name only what there is. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generate, readModels } from '../tools/generate-kinds.ts';
import { atomicTypes, extraFacts } from '../tools/kind-facts.ts';

const models = await readModels();

test('the tables of facts name types and fields that exist', () => {
  const fields = new Set(
    models.flatMap(({ name, fields }) => fields.map((field) => `${name}.${field.name}`)),
  );
  const names = new Set(models.map(({ name }) => name));
  const unknown = [...extraFacts.keys()].filter((key) => !fields.has(key));
  assert.deepEqual(unknown, []);
  assert.deepEqual(
    atomicTypes.filter((name) => !names.has(name)),
    [],
  );
});

test('an override of a type changes no more than quantities', () => {
  const overrides = [...extraFacts].filter(([, facts]) => facts.includes('T='));
  for (const [key, facts] of overrides) assert.match(facts, /^T=(?:\{\}|\[\])?q(?: |$)/, key);
  assert.ok(overrides.length > 30);
});

test('the generated files are up to date', async () => {
  for (const [file, text] of Object.entries(await generate())) {
    const found = readFileSync(new URL(`../src/kinds/generated/${file}`, import.meta.url), 'utf8');
    assert.ok(found === text, `${file} is not what the generator writes: run npm run generate`);
  }
});
