import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applied, config, containers, deploymentKind, podKind, refusal, spec } from './testing.ts';

describe('configurations that do not fit', () => {
  const typed = 'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): ';
  const cases: Record<string, [config: object, code: number, message: string]> = {
    'another version': [
      { ...config({}), apiVersion: 'apps/v1beta1' },
      400,
      'Incorrect version specified in apply patch. Specified patch version: apps/v1beta1, expected: apps/v1',
    ],
    'managedFields of its own': [
      config({}, { managedFields: [] }),
      400,
      'metadata.managedFields must be nil',
    ],
    'an unknown field': [config({ replica: 1 }), 500, `${typed}.spec.replica: field not declared in schema`],
    'an unknown field in an element': [
      config(containers({ name: 'web', imag: 'x' })),
      500,
      `${typed}.spec.template.spec.containers[name="web"].imag: field not declared in schema`,
    ],
    'several faults': [
      config({ replica: 1, paused: 'yes' }),
      500,
      `${typed}errors:\n  .spec.replica: field not declared in schema\n  .spec.paused: expected boolean, got string`,
    ],
    'a word for a number': [
      config({ replicas: '1' }),
      500,
      `${typed}.spec.replicas: expected numeric (int or float), got string`,
    ],
    'a number for a word': [
      config({}, { labels: { a: 1 } }),
      500,
      `${typed}.metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}`,
    ],
    'a map for a word': [
      config({}, { labels: { a: { b: ['c'] } } }),
      500,
      `${typed}.metadata.labels.a: expected string, got &value.valueUnstructured{Value:map[string]interface {}{"b":[]interface {}{"c"}}}`,
    ],
    'a word for a map': [config({ template: 'x' }), 500, `${typed}.spec.template: expected map, got &{x}`],
    'a map for a list': [
      config({ template: { spec: { containers: { a: 1 } } } }),
      500,
      `${typed}.spec.template.spec.containers: expected list, got &{map[a:1]}`,
    ],
    'an element without its key': [
      config(containers({ image: 'x' })),
      500,
      `${typed}.spec.template.spec.containers: element 0: associative list with keys has an element that omits key field "name" (and doesn't have default value)`,
    ],
    'an element that is a word': [
      config(containers('x' as never)),
      500,
      `${typed}.spec.template.spec.containers: element 0: associative list with keys may not have non-map elements`,
    ],
    'an element twice': [
      config(containers({ name: 'a' }, { name: 'a' })),
      500,
      `${typed}.spec.template.spec.containers: duplicate entries for key [name="a"]`,
    ],
    'a finalizer twice': [
      config({}, { finalizers: ['a', 'a'] }),
      500,
      `${typed}.metadata.finalizers: duplicate entries for key [="a"]`,
    ],
    'an unknown field in an atomic list': [
      config({ template: { spec: { containers: [], tolerations: [{ keys: 'a' }] } } }),
      500,
      `${typed}.spec.template.spec.tolerations[0].keys: field not declared in schema`,
    ],
  };

  for (const [name, [wanted, code, message]] of Object.entries(cases))
    test(name, () => {
      const refused = refusal(() => applied(deploymentKind, undefined, wanted, { manager: 'a' }));
      assert.deepEqual([refused.code, refused.message], [code, message]);
    });

  test('a core kind is named without a group', () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { x: 1 } };
    assert.equal(
      refusal(() => applied(podKind, undefined, pod, { manager: 'a' })).message,
      'failed to create typed patch object (/a; /v1, Kind=Pod): .spec.x: field not declared in schema',
    );
  });

  test('null unsets', () => {
    const live = applied(deploymentKind, undefined, config({ replicas: 2, paused: true }), { manager: 'a' });
    const after = applied(deploymentKind, live, config({ replicas: null }), { manager: 'a' });
    assert.equal(spec(after).replicas, undefined);
  });
});
