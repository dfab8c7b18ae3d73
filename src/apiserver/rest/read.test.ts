import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import { encodeContinue } from './continue.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
const names = (body: { items: { metadata: { name: string } }[] }) =>
  body.items.map((item) => item.metadata.name);

async function fill(server: TestServer): Promise<void> {
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    await server.call('POST', configMaps, {
      body: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, labels: { half: name < 'c' ? 'first' : 'second' } },
      },
    });
}

describe('list', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    await fill(server);
  });
  after(() => server.close());

  const selections: [name: string, query: string, expected: string[]][] = [
    ['everything', '', ['a', 'b', 'c', 'd', 'e']],
    ['label equality', 'labelSelector=half%3Dfirst', ['a', 'b']],
    ['label inequality', 'labelSelector=half!%3Dfirst', ['c', 'd', 'e']],
    ['label set', 'labelSelector=half+in+(first,second)', ['a', 'b', 'c', 'd', 'e']],
    ['label not in set', 'labelSelector=half+notin+(first)', ['c', 'd', 'e']],
    ['label absent', 'labelSelector=!half', []],
    ['field by name', 'fieldSelector=metadata.name%3Dd', ['d']],
    ['field by namespace', 'fieldSelector=metadata.namespace!%3Ddefault', []],
    ['both', 'labelSelector=half%3Dsecond&fieldSelector=metadata.name!%3Dd', ['c', 'e']],
  ];
  for (const [name, query, expected] of selections)
    test(`selects by ${name}`, async () => {
      const { status, body } = await server.call('GET', `${configMaps}?${query}`);
      assert.equal(status, 200);
      assert.deepEqual(names(body), expected);
    });

  test('its objects do not say what they are, for the list does; a watch’s do', async () => {
    const only = 'fieldSelector=metadata.name%3Da';
    const { body: object } = await server.call('GET', `${configMaps}/a`);
    const { kind, apiVersion, ...rest } = object;
    for (const query of [only, `${only}&pretty=true`, `${only}&limit=1`]) {
      const { body } = await server.call('GET', `${configMaps}?${query}`);
      assert.deepEqual([body.kind, body.apiVersion, body.items], ['ConfigMapList', 'v1', [rest]]);
    }
    const watch = await server.watch(`${configMaps}?watch=true&resourceVersion=0&${only}`);
    await watch.until(1);
    assert.deepEqual(watch.events, [{ type: 'ADDED', object: { kind, apiVersion, ...rest } }]);
    watch.stop();
  });

  test('custom resources say what they are in lists too', async () => {
    await server.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'metallb-system' } } });
    const pools = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools';
    for (const [name, range] of [
      ['a', '10.1.0.0/24'],
      ['b', '10.2.0.0/24'],
    ])
      await server.call('POST', pools, { body: { metadata: { name }, spec: { addresses: [range] } } });
    const types = async (query: string) =>
      (await server.call('GET', pools + query)).body.items.map((each: Record<string, unknown>) => [
        each.kind,
        each.apiVersion,
      ]);
    const type = ['IPAddressPool', 'metallb.io/v1beta1'];
    assert.deepEqual(await types(''), [type, type]);
    assert.deepEqual(await types('?pretty=true'), [type, type]);
  });

  test('an empty list has items, and the revision of the whole store', async () => {
    const { body } = await server.call('GET', '/api/v1/namespaces/default/secrets');
    const { revision } = await server.store.range({ from: 'x', limit: 0 });
    assert.deepEqual(body, {
      kind: 'SecretList',
      apiVersion: 'v1',
      metadata: { resourceVersion: String(revision) },
      items: [],
    });
  });

  test('a chunked list is of one moment, whatever is written meanwhile', async () => {
    const first = await server.call('GET', `${configMaps}?limit=2`);
    assert.deepEqual(names(first.body), ['a', 'b']);
    assert.equal(first.body.metadata.remainingItemCount, 3);
    await server.call('DELETE', `${configMaps}/c`);
    await server.call('POST', configMaps, { body: { metadata: { name: 'bb' } } });
    await server.call('PATCH', `${configMaps}/d`, {
      body: { data: { new: 'yes' } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    const token = encodeURIComponent(first.body.metadata.continue);
    const second = await server.call('GET', `${configMaps}?limit=2&continue=${token}`);
    assert.deepEqual(names(second.body), ['c', 'd']);
    assert.equal(second.body.items[1].data, undefined);
    assert.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
    const rest = encodeURIComponent(second.body.metadata.continue);
    const third = await server.call('GET', `${configMaps}?limit=2&continue=${rest}`);
    assert.deepEqual(names(third.body), ['e']);
    assert.equal(third.body.metadata.continue, undefined);
    assert.deepEqual(names((await server.call('GET', configMaps)).body), ['a', 'b', 'bb', 'd', 'e']);
  });

  test('a list as of an exact revision', async () => {
    const now = (await server.call('GET', configMaps)).body;
    await server.call('DELETE', `${configMaps}/e`);
    const at = `resourceVersion=${now.metadata.resourceVersion}&resourceVersionMatch=Exact`;
    assert.deepEqual(names((await server.call('GET', `${configMaps}?${at}`)).body), names(now));
  });

  const refusals: [name: string, query: string, status: number, message: string][] = [
    [
      'a revision that is no number',
      'resourceVersion=abc',
      400,
      'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ],
    [
      'a token that is none',
      'continue=xyz',
      400,
      'invalid continue token: continue key is not valid: the token is not JSON in base64',
    ],
    [
      'a token that leaves its collection',
      `continue=${encodeContinue(1, '../../secrets/a')}`,
      400,
      'invalid continue token: continue key is not valid: ../../secrets/a',
    ],
    [
      'a limit beyond 64 bits',
      'limit=9223372036854775808',
      400,
      'unable to convert parameter limit: strconv.ParseInt: parsing "9223372036854775808": value out of range',
    ],
    [
      'a match without a revision',
      'resourceVersionMatch=Exact',
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    ],
    [
      'exactly nothing',
      'resourceVersionMatch=Exact&resourceVersion=0',
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    [
      'a match that does not exist',
      'resourceVersionMatch=Near&resourceVersion=1',
      422,
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Unsupported value: "Near": supported values: "Exact", "NotOlderThan", ""',
    ],
    [
      'a limit that is no number',
      'limit=ten',
      400,
      'unable to convert parameter limit: strconv.ParseInt: parsing "ten": invalid syntax',
    ],
    [
      'a broken label selector',
      'labelSelector=a+in',
      400,
      "unable to parse requirement: found '' expected: '('",
    ],
    [
      'a field that cannot be selected',
      'fieldSelector=data.x%3Dy',
      400,
      '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ],
  ];
  for (const [name, query, status, message] of refusals)
    test(`refuses ${name}`, async () => {
      const answer = await server.call('GET', `${configMaps}?${query}`);
      assert.deepEqual([answer.status, answer.body.message], [status, message]);
    });

  test('a revision of the future is waited for, a bounded time', async () => {
    const asked = server.call('GET', `${configMaps}?resourceVersion=1000000`);
    await new Promise((resolve) => setImmediate(resolve));
    server.clock.advance(3_000);
    const { status, body } = await asked;
    assert.equal(status, 504);
    assert.match(body.message, /^Timeout: Too large resource version: 1000000, current: \d+$/);
    assert.deepEqual(body.details.causes, [
      { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
    ]);
  });
});

describe('forms of an answer', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    await fill(server);
  });
  after(() => server.close());

  test('a table has the columns of the kind and the metadata of each row', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    server.clock.advance(90_000);
    const { body } = await server.call('GET', `${configMaps}?limit=1`, { headers: { accept } });
    assert.equal(body.kind, 'Table');
    assert.deepEqual(
      body.columnDefinitions.map((column: { name: string }) => column.name),
      ['Name', 'Data', 'Age'],
    );
    assert.deepEqual(body.rows[0].cells, ['a', 0, '90s']);
    assert.equal(body.rows[0].object.kind, 'PartialObjectMetadata');
    assert.equal(typeof body.metadata.continue, 'string');
  });

  test('metadata alone', async () => {
    const accept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
    const { body } = await server.call('GET', configMaps, { headers: { accept } });
    assert.equal(body.kind, 'PartialObjectMetadataList');
    assert.deepEqual(Object.keys(body.items[0]), ['kind', 'apiVersion', 'metadata']);
  });

  test('people with curl get indented JSON, programs do not', async () => {
    const path = `${configMaps}/a`;
    const forCurl = await server.call('GET', path, { headers: { 'user-agent': 'curl/8.0' } });
    const forProgram = await server.call('GET', path);
    assert.match(forCurl.text, /^{\n {2}"kind": "ConfigMap",\n/);
    assert.match(
      forProgram.text,
      /^{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"\d+",/,
    );
    assert.deepEqual(forCurl.body, forProgram.body);
  });

  test('YAML', async () => {
    const { text } = await server.call('GET', `${configMaps}/a`, { headers: { accept: 'application/yaml' } });
    assert.match(text, /^apiVersion: v1\nkind: ConfigMap\nmetadata:\n {2}creationTimestamp: /);
  });

  test('a form that does not exist is 406', async () => {
    const { status, body } = await server.call('GET', configMaps, {
      headers: { accept: 'application/vnd.kubernetes.protobuf' },
    });
    assert.deepEqual([status, body.reason], [406, 'NotAcceptable']);
  });
});
