/**
 * Lists: what may be asked for together, pages, and the forms that objects can have.
 * Source: test/e2e/apimachinery/{chunking,table_conversion}.go, test/integration/apiserver/apiserver_test.go.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cacheEventBytesMax } from '../../../src/apiserver/cache/limits.ts';
import { make, merge, verdict } from '../../../src/apiserver/rest/testing.ts';
import { startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';

const templates = '/api/v1/namespaces/default/podtemplates';
const configMaps = '/api/v1/namespaces/default/configmaps';
const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

const template = (name: string) => ({
  metadata: { name },
  template: { spec: { containers: [{ name: 'test', image: 'x' }] } },
});

const numbered = (at: number) => `template-${String(at).padStart(4, '0')}`;
const namesOf = (body: { items: { metadata: { name: string } }[] }) =>
  body.items.map(({ metadata }) => metadata.name);
const tableOf = (version: string) => `application/json;as=Table;v=${version};g=meta.k8s.io`;

describe('pages', () => {
  const total = 40;
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    for (let at = 0; at < total; at++) await make(server, templates, template(numbered(at)));
  });
  after(() => server.close());

  const list = async (query: Record<string, string>) => {
    const { status, body } = await server.call('GET', `${templates}?${new URLSearchParams(query)}`);
    assert.equal(status, 200, JSON.stringify(body).slice(0, 300));
    return body;
  };

  test('of any size: each as of the first one, with what remains, and together everything', async () => {
    for (const limit of [1, 7, 39, 40, 41]) {
      const names: string[] = [];
      let token = '';
      let revision: string | undefined;
      do {
        const body = await list({ limit: String(limit), continue: token });
        names.push(...namesOf(body));
        revision ??= body.metadata.resourceVersion;
        token = body.metadata.continue ?? '';
        assert.deepEqual(
          [body.metadata.resourceVersion, body.metadata.remainingItemCount],
          [revision, token === '' ? undefined : total - names.length],
        );
        await make(server, configMaps, { metadata: { generateName: 'between-' } });
      } while (token !== '');
      assert.deepEqual(
        names,
        Array.from({ length: total }, (_, at) => numbered(at)),
      );
    }
  });

  test('what is made between two pages is not in them', async () => {
    const first = await list({ limit: '38' });
    await make(server, templates, template('template-9999'));
    const second = await list({ continue: first.metadata.continue });
    assert.deepEqual(namesOf(second), [numbered(38), numbered(39)]);
    await server.call('DELETE', `${templates}/template-9999`);
  });

  test('with a selector, what remains is not counted', async () => {
    const { metadata } = await list({ limit: '2', labelSelector: '!a' });
    assert.deepEqual([metadata.remainingItemCount, typeof metadata.continue], [undefined, 'string']);
  });

  test('of a Table', async () => {
    const headers = { accept: tableOf('v1beta1') };
    const first = await server.call('GET', `${templates}?limit=2`, { headers });
    const { metadata, rows } = first.body;
    assert.deepEqual(
      rows.map(({ cells }: { cells: string[] }) => cells[0]),
      [numbered(0), numbered(1)],
    );
    const second = await server.call('GET', `${templates}?continue=${metadata.continue}`, { headers });
    assert.equal(second.body.rows[0].cells[0], numbered(2));
    assert.equal(second.body.metadata.resourceVersion, metadata.resourceVersion);
  });

  test('whoever takes what is there gets all of it, whatever the limit', async () => {
    const { items, metadata } = await list({ limit: '3', resourceVersion: '0' });
    assert.deepEqual([items.length, metadata.continue], [total, undefined]);
  });
});

describe('a page whose revision is forgotten', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  const list = (query: string) => server.call('GET', `${configMaps}?${query}`);

  test('is 410 with a token that goes on in the newest state', async () => {
    for (let at = 0; at < 6; at++) await make(server, configMaps, { metadata: { name: numbered(at) } });
    const { resourceVersion, continue: token } = (await list('limit=2')).body.metadata;
    // More of the past than is kept.
    const large = 'x'.repeat(1_000_000);
    await make(server, configMaps, { metadata: { name: 'zz' } });
    for (let sent = 0, at = 0; sent <= cacheEventBytesMax + 2 * large.length; sent += large.length, at++)
      await merge(server, `${configMaps}/zz`, { data: { at: String(at), large } });
    await merge(server, `${configMaps}/zz`, { data: null });

    const late = await list(`limit=2&continue=${token}`);
    assert.deepEqual(verdict(late), [
      410,
      'Expired',
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    ]);
    const next = (await list(`limit=2&continue=${late.body.metadata.continue}`)).body;
    assert.deepEqual(namesOf(next), [numbered(2), numbered(3)]);
    assert.equal(next.metadata.remainingItemCount, 3);
    assert.notEqual(next.metadata.resourceVersion, resourceVersion);
    const rest = (await list(`continue=${next.metadata.continue}`)).body;
    assert.deepEqual(namesOf(rest), [numbered(4), numbered(5), 'zz']);
    assert.equal(rest.metadata.resourceVersion, next.metadata.resourceVersion);

    for (const query of ['limit=2', 'resourceVersionMatch=Exact'])
      assert.deepEqual(verdict(await list(`${query}&resourceVersion=${resourceVersion}`)), [
        410,
        'Expired',
        'The resourceVersion for the provided list is too old.',
      ]);
  });
});

describe('options of lists', () => {
  let server: TestServer;
  let token = '';
  before(async () => {
    server = await startTestServer();
    for (let at = 0; at < 10; at++) await make(server, templates, template(numbered(at)));
    token = (await server.call('GET', `${templates}?limit=6`)).body.metadata.continue;
  });
  after(() => server.close());

  /** What is wrong with a combination, in the words that must be in the answer; undefined: so many objects. */
  function verdictOf({ limit, continue: page, resourceVersion, match }: Combination): string | number {
    if (match !== '') {
      if (resourceVersion === '')
        return 'resourceVersionMatch is forbidden unless resourceVersion is provided';
      if (page !== '') return 'resourceVersionMatch is forbidden when continue is provided';
      if (match === 'Nearly')
        return 'Unsupported value: "Nearly": supported values: "Exact", "NotOlderThan", ""';
      if (match === 'Exact' && resourceVersion === '0')
        return 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
    }
    if (resourceVersion === 'invalid') return 'Invalid value';
    if (page === 'invalid') return 'continue key is not valid';
    if (page !== '' && resourceVersion === '3')
      return 'specifying resource version is not allowed when using continue';
    if (page !== '') return 4;
    // As of then, when there was none; without a limit the version is only the oldest that will do.
    if (resourceVersion === '3' && (match === 'Exact' || (match === '' && limit === '6'))) return 0;
    return limit === '6' && resourceVersion !== '0' ? 6 : 10;
  }

  interface Combination {
    readonly limit: string;
    readonly continue: string;
    readonly resourceVersion: string;
    readonly match: string;
  }

  test('every combination of limit, continue, resourceVersion and its match', async () => {
    for (const limit of ['', '6'])
      for (const page of ['', token, 'invalid'])
        for (const resourceVersion of ['', '0', '3', 'invalid'])
          for (const match of ['', 'NotOlderThan', 'Exact', 'Nearly']) {
            const combination = { limit, continue: page, resourceVersion, match };
            const { match: resourceVersionMatch, ...rest } = combination;
            const query = new URLSearchParams({ ...rest, resourceVersionMatch });
            const { body, text } = await server.call('GET', `${templates}?${query}`);
            const expected = verdictOf(combination);
            const about = `${JSON.stringify(combination)}: ${text.slice(0, 300)}`;
            if (typeof expected === 'number') assert.equal(body.items?.length, expected, about);
            else assert.ok(body.message?.includes(expected), `${about} (${expected})`);
          }
  });

  const refused: Record<string, [query: string, message: string]> = {
    'all that is wrong is told': [
      'resourceVersionMatch=Nearly&sendInitialEvents=true',
      '[resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided, resourceVersionMatch: Unsupported value: "Nearly": supported values: "Exact", "NotOlderThan", "", sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list]',
    ],
    'of a watch, too': [
      'watch=true&sendInitialEvents=true&resourceVersionMatch=Exact',
      '[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
    ],
    'a match without initial events': [
      'watch=true&resourceVersionMatch=NotOlderThan',
      'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    ],
    'initial events without a match': [
      'watch=true&sendInitialEvents=true',
      'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
  };
  for (const [name, [query, message]] of Object.entries(refused))
    test(`refused: ${name}`, async () => {
      assert.deepEqual(verdict(await server.call('GET', `${templates}?${query}`)), [
        422,
        'Invalid',
        `ListOptions.meta.k8s.io "" is invalid: ${message}`,
      ]);
    });

  test('names and namespaces in field selectors', async () => {
    for (const namespace of ['ns0', 'ns1', 'ns2']) {
      await make(server, '/api/v1/namespaces', { metadata: { name: namespace } });
      for (const name of ['foo', 'bar'])
        await make(server, `/api/v1/namespaces/${namespace}/secrets`, { metadata: { name } });
    }
    const cases: [namespace: string, selector: string, count: number][] = [
      ['', 'metadata.name=foo', 3],
      ['', 'metadata.name=foo,metadata.name=bar', 0],
      ['', 'metadata.name=foo,metadata.namespace=ns1', 1],
      ['ns1', 'metadata.name=foo,metadata.namespace=ns1', 1],
      ['ns1', 'metadata.name=foo,metadata.namespace=ns2', 0],
      ['ns1', 'metadata.name=foo,metadata.namespace=', 0],
    ];
    for (const [namespace, selector, count] of cases) {
      const at = namespace === '' ? '' : `namespaces/${namespace}/`;
      const { body } = await server.call(
        'GET',
        `/api/v1/${at}secrets?fieldSelector=${encodeURIComponent(selector)}`,
      );
      assert.equal(body.items.length, count, `${namespace} ${selector}`);
    }
  });
});

describe('forms', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    await make(server, configMaps, { metadata: { name: 'a' }, data: { x: '1' } });
    await make(server, '/api/v1/nodes', { metadata: { name: 'node-1' } });
  });
  after(() => server.close());

  const get = (url: string, accept: string) => server.call('GET', url, { headers: { accept } });

  test('a Table of one object, and of objects of the cluster', async () => {
    for (const [url, name] of [
      [`${configMaps}/a`, 'a'],
      ['/api/v1/nodes', 'node-1'],
    ] as const) {
      const { body } = await get(url, tableOf('v1beta1'));
      assert.deepEqual(
        [body.kind, body.apiVersion, body.rows.length, body.columnDefinitions[0].name, body.rows[0].cells[0]],
        ['Table', 'meta.k8s.io/v1beta1', 1, 'Name', name],
      );
      assert.equal(body.rows[0].cells.length, body.columnDefinitions.length);
      assert.notEqual(body.metadata.resourceVersion, '');
    }
  });

  test('what has no Table is 406, before it is done; who can do without gets it', async () => {
    const body = { spec: { nonResourceAttributes: { path: '/', verb: 'get' } } };
    const post = (accept: string) => server.call('POST', reviews, { body, headers: { accept } });
    const { status, body: refused } = await post(tableOf('v1'));
    assert.deepEqual([status, refused.reason], [406, 'NotAcceptable']);
    const plain = await post(`${tableOf('v1')},application/json`);
    assert.deepEqual([plain.status, plain.body.kind], [201, 'SelfSubjectAccessReview']);
  });

  const unacceptable: Record<string, string> = {
    'a version that does not exist': 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1alpha1',
    'another group': 'application/json;as=PartialObjectMetadata;g=k8s.io;v=v1',
    'another kind': 'application/json;as=PartialObject;g=meta.k8s.io;v=v1',
    'a kind of no group': 'application/json;as=ConfigMap;g=;v=v1',
    'no kind': 'application/json;g=meta.k8s.io;v=v1',
    'a stream that does not exist': 'application/json;stream=read',
    'Protobuf of a Table': 'application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1',
  };
  for (const [name, accept] of Object.entries(unacceptable))
    test(`406: ${name}`, async () => {
      for (const query of ['', '?watch=true']) {
        const { status, body } = await get(configMaps + query, accept);
        assert.deepEqual([status, body.reason], [406, 'NotAcceptable']);
      }
    });

  test('objects in a Table that do not exist', async () => {
    for (const query of ['', '&watch=true']) {
      const answer = await get(`${configMaps}?includeObject=unrecognized${query}`, tableOf('v1'));
      assert.deepEqual(verdict(answer), [
        400,
        'BadRequest',
        "Unable to convert to Table as requested: includeObject: Invalid value: \"unrecognized\": must be 'Metadata', 'Object', 'None', or empty",
      ]);
    }
  });

  test('nothing is to be kept by anybody between', async () => {
    const paths = [
      '/',
      '/healthz',
      '/openapi/v2',
      '/openapi/v3',
      '/api',
      '/api/v1',
      '/apis',
      '/apis/apps',
      '/apis/apps/v1',
      '/api/v1/namespaces',
      '/apis/apps/v1/deployments',
      '/nowhere',
    ];
    for (const path of paths)
      assert.equal((await server.call('GET', path)).headers['cache-control'], 'no-cache, private', path);
  });
});

describe('a timeout in the request', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  test('that is none is 400', async () => {
    assert.deepEqual(verdict(await server.call('GET', '/version?timeout=invalid')), [
      400,
      'BadRequest',
      'invalid timeout specified in the request URL - time: invalid duration "invalid"',
    ]);
  });

  for (const timeout of ['3m', '0s', '30s'])
    test(`of ${timeout} is fine`, async () => {
      for (const path of ['/version', configMaps])
        assert.equal((await server.call('GET', `${path}?timeout=${timeout}`)).status, 200);
    });
});
