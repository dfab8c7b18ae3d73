import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startTestServer, type TestServer } from '../test-server.ts';
import { configMaps, deployments, make, pod, pods, verdict } from './testing.ts';

const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' };
const yaml = { 'content-type': 'application/yaml' };

/** What kubectl 1.33 sent (src/kinds/protobuf.test.ts has more of them). */
const captured = {
  namespace: 'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhwKFAoEc2hvcBIAGgAiACoAMgA4AEIAEgAaAgoAGgAiAA==',
  secret: 'azhzAAoMCgJ2MRIGU2VjcmV0EiYKFQoFbG9naW4SABoAIgAqADIAOABCABILCgR1c2VyEgNhZGEaABoAIgA=',
  deployment:
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50Er0BCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEosBCAMSDAoKCgNhcHASA3dlYhpxChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViElESMwoFbmdpbngSCm5naW54OjEuMjcqADIKCgAQABhQIgAqAEIAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA==',
};
const bytes = (text: string) => Buffer.from(text, 'base64');

describe('bodies', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.close());

  describe('that are none: in the words of Go, with their beginning', () => {
    const noObject = (what: string) =>
      `json: cannot unmarshal ${what} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
    const cases: [name: string, body: string, problem: string, shown: string][] = [
      ['nothing', '', 'unexpected end of JSON input', '<empty>'],
      [
        'YAML',
        'a: b',
        "invalid character 'a' looking for beginning of value",
        Buffer.from('a: b').toString('hex'),
      ],
      [
        'long YAML',
        'apiVersion: v1\nkind: ConfigMap\n',
        "invalid character 'a' looking for beginning of value",
        `${Buffer.from('apiVersion: v1\nkind: ConfigMap').subarray(0, 30).toString('hex')} ...`,
      ],
      ['an open object', '{"kind":', 'unexpected end of JSON input', '{"kind":'],
      [
        'a long object',
        '{"kind":"ConfigMap","apiVersion":"v1",}',
        "invalid character '}' looking for beginning of object key string",
        '{"kind":"ConfigMap","apiVersio ...',
      ],
      ['a list', '[]', noObject('array'), '5b5d'],
      ['a number', '7', noObject('number'), '37'],
      ['a truth', 'true', noObject('bool'), '74727565'],
    ];
    for (const [name, body, problem, shown] of cases)
      test(name, async () => {
        assert.deepEqual(verdict(await server.call('POST', configMaps, { body: Buffer.from(body) })), [
          400,
          'BadRequest',
          `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: ${problem} (${shown})`,
        ]);
      });

    test('null is the empty object', async () => {
      const answer = await server.call('POST', configMaps, { body: Buffer.from('null') });
      assert.deepEqual(verdict(answer), [
        422,
        'Invalid',
        'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
      ]);
    });
  });

  describe('in protobuf, as kubectl create sends them', () => {
    test('a namespace', async () => {
      const { status, headers, body } = await server.call('POST', '/api/v1/namespaces', {
        body: bytes(captured.namespace),
        headers: protobuf,
      });
      // The answer is JSON: that is what the client’s Accept fell back to.
      assert.deepEqual(
        [status, headers['content-type'], body.metadata.name, body.spec],
        [201, 'application/json', 'shop', { finalizers: ['kubernetes'] }],
      );
    });

    test('a secret: bytes are the base64 that JSON has', async () => {
      const secrets = '/api/v1/namespaces/default/secrets';
      await server.call('POST', secrets, { body: bytes(captured.secret), headers: protobuf });
      const { body } = await server.call('GET', `${secrets}/login`);
      assert.deepEqual([body.data, body.type], [{ user: 'YWRh' }, 'Opaque']);
    });

    test('a deployment has the same defaults and owners as one sent in JSON', async () => {
      const sent = await server.call('POST', deployments, {
        body: bytes(captured.deployment),
        headers: protobuf,
      });
      assert.equal(sent.status, 201);
      await server.call('DELETE', `${deployments}/web`);
      const json = await make(server, deployments, {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', labels: { app: 'web' } },
        spec: {
          replicas: 3,
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: { containers: [{ name: 'nginx', image: 'nginx:1.27', ports: [{ containerPort: 80 }] }] },
          },
          strategy: {},
        },
      });
      const known = (object: typeof json) => ({
        labels: object.metadata.labels,
        generation: object.metadata.generation,
        spec: object.spec,
      });
      assert.deepEqual(known(sent.body), known(json));
    });

    const broken: [name: string, body: Uint8Array][] = [
      ['without its mark', bytes(captured.namespace).subarray(4)],
      ['cut short', bytes(captured.namespace).subarray(0, 20)],
      ['nothing', new Uint8Array()],
      ['noise', new Uint8Array([0x6b, 0x38, 0x73, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ];
    for (const [name, body] of broken)
      test(`${name}: 400`, async () => {
        const answer = await server.call('POST', '/api/v1/namespaces', { body, headers: protobuf });
        assert.deepEqual([answer.status, answer.body.reason], [400, 'BadRequest'], answer.text);
      });

    test('of another kind than the URL: 400', async () => {
      const answer = await server.call('POST', configMaps, {
        body: bytes(captured.secret),
        headers: protobuf,
      });
      assert.deepEqual([answer.status, answer.body.reason], [400, 'BadRequest']);
    });
  });

  describe('in YAML', () => {
    test('is the same object', async () => {
      const text =
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\n  labels: {app: web}\ndata:\n  on: "yes"\n';
      const { status, body } = await server.call('POST', configMaps, { body: text, headers: yaml });
      assert.deepEqual([status, body.metadata.labels, body.data], [201, { app: 'web' }, { on: 'yes' }]);
    });

    test('a number where a text belongs is refused as in JSON', async () => {
      const text = 'metadata: {name: typed}\ndata: {port: 80}\n';
      const inYaml = await server.call('POST', configMaps, { body: text, headers: yaml });
      const inJson = await server.call('POST', configMaps, {
        body: { metadata: { name: 'typed' }, data: { port: 80 } },
      });
      assert.equal(inYaml.status, 400);
      assert.deepEqual(verdict(inYaml), verdict(inJson));
    });

    test('aliases are expanded, a bomb of them is not', async () => {
      const shared = 'metadata: {name: aliased, labels: &l {app: web}, annotations: *l}\n';
      const { status, body } = await server.call('POST', configMaps, { body: shared, headers: yaml });
      assert.deepEqual([status, body.metadata.annotations], [201, { app: 'web' }]);
      const levels = Array.from({ length: 9 }, (_, level) =>
        level === 0
          ? 'l0: &l0 [x, x, x, x, x, x, x, x, x]'
          : `l${level}: &l${level} [${Array(9)
              .fill(`*l${level - 1}`)
              .join(', ')}]`,
      );
      const bomb = await server.call('POST', configMaps, { body: levels.join('\n'), headers: yaml });
      assert.ok(bomb.status === 400 || bomb.status === 413, bomb.text.slice(0, 200));
    });

    for (const [name, text] of [
      ['broken', 'metadata: [a'],
      ['a list', '- a\n- b\n'],
      ['a text', 'hello'],
    ] as const)
      test(`${name}: 400`, async () => {
        const answer = await server.call('POST', configMaps, { body: text, headers: yaml });
        assert.deepEqual([answer.status, answer.body.reason], [400, 'BadRequest'], answer.text);
      });
  });

  test('a media type may carry a character set, and is JSON when there is none', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    const one = await server.call('POST', configMaps, { body: { metadata: { name: 'charset' } }, headers });
    assert.equal(one.status, 201);
    const none = { 'content-type': '' };
    const two = await server.call('POST', configMaps, {
      body: { metadata: { name: 'none' } },
      headers: none,
    });
    assert.equal(two.status, 201);
  });

  test('another media type is 415 and names those that are read', async () => {
    const answer = await server.call('POST', configMaps, {
      body: '<a/>',
      headers: { 'content-type': 'text/xml' },
    });
    assert.deepEqual(verdict(answer), [
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ]);
  });

  test('bytes that are no UTF-8 are refused, not replaced', async () => {
    const body = Buffer.concat([
      Buffer.from('{"metadata":{"name":"utf"},"data":{"a":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}}'),
    ]);
    const answer = await server.call('POST', configMaps, { body });
    assert.equal(answer.status, 400);
  });

  test('an object beyond what is stored is 413', async () => {
    const body = {
      metadata: { name: 'large' },
      data: Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`k${at}`, 'x'.repeat(100_000)])),
    };
    const answer = await server.call('POST', configMaps, { body });
    assert.ok(answer.status === 413 || answer.status === 422, answer.text.slice(0, 200));
  });

  test('strict: several problems at once, each named', async () => {
    const answer = await server.call('POST', `${pods}?fieldValidation=Strict`, {
      body: pod('strict', { nodeNam: 'x', containers: [{ name: 'c', image: 'x', imag: 'y' }] }),
    });
    assert.deepEqual(verdict(answer), [
      400,
      'BadRequest',
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imag", unknown field "spec.nodeNam"',
    ]);
  });
});
