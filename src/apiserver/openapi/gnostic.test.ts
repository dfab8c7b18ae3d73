import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeDefinitionEntry, encodeDocument, encodePathEntry } from './gnostic.ts';
import { decodeDocument } from './gnostic-testing.ts';

test('a definition, byte by byte', () => {
  const encoded = encodeDefinitionEntry('A', {
    type: 'object',
    required: ['x'],
    properties: { x: { $ref: '#/y' } },
  });
  const reference = '\x0a\x03#/y';
  const property = `\x0a\x01x\x12\x05${reference}`;
  const properties = `\x0a\x0a${property}`;
  const schema = `\x9a\x01\x01x\xb2\x01\x08\x0a\x06object\xca\x01\x0c${properties}`;
  const entry = `\x0a\x01A\x12\x1e${schema}`;
  assert.equal(encoded.toString('latin1'), `\x0a${String.fromCharCode(entry.length)}${entry}`);
});

test('long texts, enums, extensions and parameters come back', () => {
  const definitions = {
    A: {
      description: 'ä'.repeat(300),
      type: 'object',
      enum: ['x', 'y'],
      additionalProperties: { type: 'array', items: { type: 'integer', format: 'int32' } },
      'x-kubernetes-group-version-kind': [{ group: '', kind: 'A', version: 'v1' }],
      'x-kubernetes-patch-merge-key': 'na"me',
    },
    Empty: {},
  };
  const paths = {
    '/a/{name}': {
      patch: {
        parameters: [
          { in: 'body', name: 'body', required: true, schema: { $ref: '#/definitions/A' } },
          { in: 'query', name: 'dryRun', type: 'string', uniqueItems: true },
        ],
        responses: {
          200: { description: 'OK', schema: { type: 'string' } },
          401: { description: 'Unauthorized' },
        },
        schemes: ['https'],
        'x-kubernetes-action': 'patch',
      },
      parameters: [{ in: 'path', name: 'name', required: true, type: 'string', uniqueItems: true }],
    },
  };
  const info = { title: 'T', version: 'v1' };
  const encoded = encodeDocument(info, {
    paths: Object.entries(paths).map(([path, item]) => encodePathEntry(path, item)),
    definitions: Object.entries(definitions).map(([name, schema]) => encodeDefinitionEntry(name, schema)),
  });
  assert.deepEqual(decodeDocument(encoded), { swagger: '2.0', info, paths, definitions });
});
