import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StatusError } from '../../kinds/status.ts';
import { applyPatch } from './apply-patch.ts';
import { formatGo, formatGoString, goTypeOf } from './go-format.ts';
import { jsonPatchOperationsMax } from './limits.ts';

const document = {
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: { ports: [{ port: 80, name: 'http' }], selector: { app: 'web' } },
};

function patch(contentType: string, body: unknown, problems?: string[]): unknown {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return applyPatch({ contentType, document, patch: Buffer.from(text), schema: 'Service', problems });
}

const json = 'application/json-patch+json';
const merge = 'application/merge-patch+json';
const strategic = 'application/strategic-merge-patch+json';

const relabelled = { ...document, metadata: { name: 'web', labels: { app: 'web', tier: 'front' } } };

const applied: Record<string, [contentType: string, body: unknown, result: unknown]> = {
  'json patch': [json, [{ op: 'add', path: '/metadata/labels/tier', value: 'front' }], relabelled],
  'json patch null': [json, 'null', document],
  'merge patch': [merge, { metadata: { labels: { tier: 'front' } } }, relabelled],
  'merge patch replaces lists': [
    merge,
    { spec: { ports: [{ port: 81 }] } },
    { ...document, spec: { ...document.spec, ports: [{ port: 81 }] } },
  ],
  'strategic merge patch': [strategic, { metadata: { labels: { tier: 'front' } } }, relabelled],
  'strategic merge patch null': [strategic, 'null', document],
};

const rejected = 'the server rejected our request due to an error in our request';
const operation = { op: 'test', path: '/metadata/name', value: 'web' };

const refused: Record<
  string,
  [contentType: string, body: unknown, code: number, reason: string, message: string]
> = {
  'another type': [
    'text/plain',
    {},
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
  ],
  'a json patch that is an object': [
    json,
    {},
    400,
    'BadRequest',
    'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
  ],
  'a json patch of words': [
    json,
    ['add'],
    400,
    'BadRequest',
    'error decoding patch: json: cannot unmarshal string into Go value of type handlers.jsonPatchOp',
  ],
  'an operation that is a number': [
    json,
    [{ op: 1 }],
    400,
    'BadRequest',
    'error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string',
  ],
  'a json patch with a null': [json, [null], 422, 'Invalid', rejected],
  'a json patch that does not apply': [
    json,
    [{ op: 'remove', path: '/spec/nothing' }],
    422,
    'Invalid',
    rejected,
  ],
  'a test that fails': [json, [{ ...operation, value: 'db' }], 422, 'Invalid', rejected],
  'too many operations': [
    json,
    Array(jsonPatchOperationsMax + 1).fill(operation),
    413,
    'RequestEntityTooLarge',
    'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
  ],
  'a merge patch that is a list': [
    merge,
    [],
    400,
    'BadRequest',
    'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
  ],
  'a merge patch that is null': [merge, 'null', 400, 'BadRequest', 'Invalid JSON Patch'],
  'a strategic patch that is a word': [
    strategic,
    '"a"',
    400,
    'BadRequest',
    'json: cannot unmarshal string into Go value of type map[string]interface {}',
  ],
  'a strategic patch with a bad directive': [
    strategic,
    { spec: { selector: { $retainKeys: 1 } } },
    400,
    'BadRequest',
    'invalid patch format of retainKeys',
  ],
  'a strategic patch without the merge key': [
    strategic,
    { spec: { ports: [{ name: 'http' }] } },
    500,
    '',
    'map: map[name:http] does not contain declared merge key: port',
  ],
};

describe('patch requests', () => {
  for (const [name, [contentType, body, result]] of Object.entries(applied))
    test(name, () => {
      const before = JSON.stringify(document);
      assert.deepEqual(patch(contentType, body), result);
      assert.equal(JSON.stringify(document), before);
    });

  for (const [name, [contentType, body, code, reason, message]] of Object.entries(refused))
    test(`refused: ${name}`, () => {
      assert.throws(
        () => patch(contentType, body),
        (error) => {
          assert.ok(error instanceof StatusError, String(error));
          assert.deepEqual([error.httpCode, error.reason, error.message], [code, reason, message]);
          return true;
        },
      );
    });

  test('a body that is no JSON is a 400', () => {
    for (const contentType of [json, merge, strategic])
      assert.throws(() => patch(contentType, '{"a":'), { httpCode: 400 });
  });

  test('the largest json patch applies', () => {
    assert.deepEqual(patch(json, Array(jsonPatchOperationsMax).fill(operation)), document);
  });

  test('fields that a patch should not have are named', () => {
    const problems: string[] = [];
    patch(json, '[{"op":"test","path":"/x","path":"/metadata/name","value":"web","foo":1}]', problems);
    patch(merge, '{"spec":{"type":"a","type":"b"}}', problems);
    patch(strategic, '{"spec":{"ports":[{"port":80,"name":"a","name":"b"}]}}', problems);
    assert.deepEqual(problems, [
      'json patch duplicate field "[0].path"',
      'json patch unknown field "[0].foo"',
      'duplicate field "spec.type"',
      'duplicate field "spec.ports[0].name"',
    ]);
  });
});

describe("Go's words for values", () => {
  test('%v', () => {
    assert.equal(
      formatGo({ b: [1, 2.5, 'x', null, true], a: { z: {}, y: [] }, c: 1e21, d: 1e-7 }),
      'map[a:map[y:[] z:map[]] b:[1 2.5 x <nil> true] c:1e+21 d:1e-07]',
    );
  });

  test('%s', () => {
    assert.deepEqual(
      ['x', null, 1, 1.5, true, ['a']].map((value) => formatGoString(value)),
      ['x', '%!s(<nil>)', '%!s(int64=1)', '%!s(float64=1.5)', '%!s(bool=true)', '[a]'],
    );
  });

  test('types', () => {
    assert.deepEqual(
      [[], {}, 1, 1.5, true, 'x', null].map((value) => goTypeOf(value)),
      ['[]interface {}', 'map[string]interface {}', 'int64', 'float64', 'bool', 'string', '%!s(<nil>)'],
    );
  });
});
