import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kinds } from '../../kinds/registry.ts';
import { type DescriptionSource, noDescriptions } from './descriptions.ts';
import { decodeDocument } from './gnostic-testing.ts';
import { OpenApi } from './openapi.ts';

const openApi = new OpenApi(kinds, { descriptions: noDescriptions, version: 'v1.36.0' });

async function read(url: string, headers: { accept?: string; 'if-none-match'?: string } = {}) {
  const answer = await openApi.answer(url, headers);
  assert.ok(answer, url);
  return { ...answer, json: () => JSON.parse(answer.body.toString()) as Record<string, unknown> };
}

/** Every `$ref` in a document, without the part that says where definitions stand. */
function refsIn(value: unknown, prefix: string, found = new Set<string>()): Set<string> {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, item] of Object.entries(value))
    if (key === '$ref' && typeof item === 'string') {
      assert.ok(item.startsWith(prefix), item);
      found.add(item.slice(prefix.length));
    } else refsIn(item, prefix, found);
  return found;
}

const protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

test('the index names a document per group version, each under its hash, each closed in itself', async () => {
  const index = (await read('/openapi/v3')).json() as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  const groupVersions = new Set(
    kinds.map(({ group, version }) => (group === '' ? `api/${version}` : `apis/${group}/${version}`)),
  );
  assert.deepEqual(Object.keys(index.paths), [...groupVersions].sort());
  for (const { serverRelativeURL } of Object.values(index.paths)) {
    const answer = await read(serverRelativeURL, { accept: 'application/json' });
    assert.equal(answer.status, 200, serverRelativeURL);
    assert.equal(
      answer.headers.etag,
      `"${new URL(serverRelativeURL, 'https://server').searchParams.get('hash')}"`,
    );
    assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable');
    const { components } = answer.json() as { components: { schemas: object } };
    for (const ref of refsIn(answer.json(), '#/components/schemas/'))
      assert.ok(Object.hasOwn(components.schemas, ref), `${serverRelativeURL}: ${ref}`);
  }
});

test('a document that has moved, is known, is not there, or is wanted in a form that is not', async () => {
  const plain = await read('/openapi/v3/apis/apps/v1');
  const hash = plain.headers.etag?.replaceAll('"', '');
  const moved = await read('/openapi/v3/apis/apps/v1?hash=00');
  assert.deepEqual([moved.status, moved.headers.location], [301, `/openapi/v3/apis/apps/v1?hash=${hash}`]);
  const known = await read('/openapi/v3/apis/apps/v1', { 'if-none-match': `W/"x", "${hash}"` });
  assert.deepEqual([known.status, known.body.length, known.headers.etag], [304, 0, `"${hash}"`]);
  for (const url of [
    '/openapi/v3/apis/nothing/v1',
    '/openapi/v3/',
    '/openapi/v3/__proto__',
    '/openapi',
    '/openapi/v4',
  ])
    assert.equal(await openApi.answer(url, {}), undefined, url);
  const v3Protobuf = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf';
  assert.equal((await read('/openapi/v3', { accept: v3Protobuf })).status, 406);
  assert.equal((await read('/openapi/v2', { accept: 'text/html' })).status, 406);
});

test('version 2 says the same as JSON and as protocol buffers', async () => {
  const json = await read('/openapi/v2', { accept: 'application/json' });
  const encoded = await read('/openapi/v2?timeout=32s', { accept: protobuf });
  assert.equal(encoded.headers['content-type'], 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
  const { securityDefinitions: _definitions, security: _security, ...document } = json.json();
  assert.deepEqual(decodeDocument(encoded.body), document);
  const names = new Set(Object.keys(document.definitions as object));
  for (const ref of refsIn(document, '#/definitions/')) assert.ok(names.has(ref), ref);
  assert.equal((await read('/openapi/v2', { accept: protobuf })).body, encoded.body);
});

test('making a document lets others go on', async () => {
  const fresh = new OpenApi(kinds, { descriptions: noDescriptions, version: 'v1.36.0' });
  let turns = 0;
  let done = false;
  const turn = () => {
    turns += 1;
    if (!done) setImmediate(turn);
  };
  setImmediate(turn);
  await fresh.answer('/openapi/v2', { accept: protobuf });
  done = true;
  assert.ok(turns > 100, `${turns} turns of the event loop`);
});

test('what failed is made anew', async () => {
  let failures = 1;
  const descriptions: DescriptionSource = {
    of: () => undefined,
    load: async () => {
      if (failures-- > 0) throw new Error('disk on fire');
    },
  };
  const fragile = new OpenApi(kinds, { descriptions, version: 'v1.36.0' });
  await assert.rejects(fragile.answer('/openapi/v3/apis/apps/v1', {}), /disk on fire/);
  assert.equal((await fragile.answer('/openapi/v3/apis/apps/v1', {}))?.status, 200);
});
