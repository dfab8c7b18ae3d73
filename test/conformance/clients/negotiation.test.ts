/**
 * Clients in Go would rather speak protobuf. They are answered in JSON, which each of them takes as second best, and what
 * they send is read. Sources: k8s.io/client-go rest/request.go and metadata/metadata.go for what is asked; controller-runtime
 * pkg/client/apiutil for lists of both; generated.proto of each group for the fields.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { deployment, deployments, make, pod, pods } from '../../../src/apiserver/rest/testing.ts';
import { startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
const accounts = '/api/v1/namespaces/default/serviceaccounts';

/** A field of a length: a message, a text. All here are shorter than 128 bytes. */
const field = (number: number, ...content: readonly (string | Uint8Array)[]): Buffer => {
  const bytes = Buffer.concat(content.map((part) => Buffer.from(part as string)));
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
};
const integer = (number: number, value: number): Buffer => Buffer.from([number << 3, value]);
/** `metadata`, which is every object's first field; its resourceVersion is the sixth. */
const metadata = (name: string, resourceVersion = ''): Buffer =>
  field(
    1,
    field(1, name),
    field(3, 'default'),
    ...(resourceVersion === '' ? [] : [field(6, resourceVersion)]),
  );
/** Four bytes, then runtime.Unknown: the type and the object. */
const envelope = (apiVersion: string, kind: string, ...object: Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.from('k8s\0'), field(1, field(1, apiVersion), field(2, kind)), field(2, ...object)]);

describe('clients that would rather have protobuf', () => {
  let server: TestServer;
  before(async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    server = await startTestServer({ serviceAccounts: { issuer: 'https://issuer', privateKey: pem } });
    await make(server, accounts, { metadata: { name: 'default' } });
    await make(server, pods, pod('read'));
  });
  after(() => server.close());

  const partial = (list: string): string =>
    [protobuf, 'application/json']
      .map((type) => `${type};as=PartialObjectMetadata${list};g=meta.k8s.io;v=v1`)
      .join();
  const asked: [name: string, accept: string, url: string, kind: string][] = [
    ['a typed client', `${protobuf},application/json`, `${pods}/read`, 'Pod'],
    ['one that said no second best', `${protobuf}, */*`, `${pods}/read`, 'Pod'],
    ['one of many lists', `${protobuf},application/json;q=0.9`, pods, 'PodList'],
    ['a client of metadata', `${partial('')},application/json`, `${pods}/read`, 'PartialObjectMetadata'],
    ['a list of metadata', `${partial('List')},application/json`, pods, 'PartialObjectMetadataList'],
    ['discovery', `${protobuf},application/json`, '/apis/apps/v1', 'APIResourceList'],
    ['version', `${protobuf}, */*`, '/version', 'undefined'],
  ];
  for (const [name, accept, url, kind] of asked)
    test(`${name} gets JSON`, async () => {
      const { status, headers, body } = await server.call('GET', url, { headers: { accept } });
      assert.deepEqual([status, headers['content-type'], String(body.kind)], [200, 'application/json', kind]);
    });

  for (const accept of [
    `${protobuf},application/json`,
    `${protobuf};stream=watch,application/json;stream=watch`,
  ])
    test(`a watch of ${accept} is JSON`, async () => {
      const watch = await server.watch(`${pods}?watch=true`, { accept });
      await watch.until(1);
      assert.deepEqual([watch.events[0].type, watch.events[0].object.kind], ['ADDED', 'Pod']);
      watch.stop();
    });

  test('protobuf alone is 406, and the refusal can be read', async () => {
    const { status, body } = await server.call('GET', `${pods}/read`, { headers: { accept: protobuf } });
    assert.deepEqual([status, body.kind, body.reason], [406, 'Status', 'NotAcceptable']);
  });

  const send = async (method: string, url: string, body: Uint8Array) => {
    const headers = { 'content-type': protobuf, accept: `${protobuf},application/json` };
    const answer = await server.call(method, url, { body, headers });
    assert.ok(answer.status < 300, answer.text);
    return answer.body;
  };

  test('a lease is taken and renewed', async () => {
    const lease = (holder: string, version = '') =>
      envelope(
        'coordination.k8s.io/v1',
        'Lease',
        metadata('leader', version),
        field(2, field(1, holder), integer(2, 15)),
      );
    const made = await send('POST', leases, lease('a'));
    const { spec } = await send('PUT', `${leases}/leader`, lease('b', made.metadata.resourceVersion));
    assert.deepEqual(spec, { holderIdentity: 'b', leaseDurationSeconds: 15 });
  });

  test('a Deployment is scaled', async () => {
    await make(server, deployments, deployment('web'));
    const scale = envelope('autoscaling/v1', 'Scale', metadata('web'), field(2, integer(1, 4)));
    assert.equal((await send('PUT', `${deployments}/web/scale`, scale)).spec.replicas, 4);
  });

  test('a pod is bound, evicted and deleted', async () => {
    await make(server, '/api/v1/nodes', { metadata: { name: 'n1' } });
    await make(server, pods, pod('moved'));
    const target = field(2, field(1, 'Node'), field(3, 'n1'));
    await send('POST', `${pods}/moved/binding`, envelope('v1', 'Binding', metadata('moved'), target));
    const options = field(2, integer(1, 7));
    await send(
      'POST',
      `${pods}/moved/eviction`,
      envelope('policy/v1', 'Eviction', metadata('moved'), options),
    );
    const evicted = await server.call('GET', `${pods}/moved`);
    assert.deepEqual(
      [evicted.body.spec.nodeName, evicted.body.metadata.deletionGracePeriodSeconds],
      ['n1', 7],
    );
    await send('DELETE', `${pods}/moved`, envelope('v1', 'DeleteOptions', integer(1, 0)));
    assert.equal((await server.call('GET', `${pods}/moved`)).status, 404);
  });

  test('a token is asked for, and a question answered', async () => {
    const request = envelope(
      'authentication.k8s.io/v1',
      'TokenRequest',
      field(1),
      field(2, field(1, 'somebody')),
    );
    const { spec, status } = await send('POST', `${accounts}/default/token`, request);
    assert.deepEqual([spec.audiences, typeof status.token], [['somebody'], 'string']);
    const review = envelope(
      'authorization.k8s.io/v1',
      'SelfSubjectAccessReview',
      field(1),
      field(2, field(1, field(2, 'list'), field(5, 'pods'))),
    );
    const answer = await send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review);
    assert.equal(answer.status.allowed, true);
  });
});
