import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ProtobufError } from '../lib/protobuf-reader.ts';
import { decodeObject } from './decode.ts';
import { decodeProtobuf, protobufTypeOf } from './protobuf.ts';

/** Bodies that kubectl 1.33 sent, and what they are after the same decoding that JSON gets. */
const captured: Record<string, { schema: string; body: string; object: unknown }> = {
  'create namespace shop': {
    schema: 'Namespace',
    body: 'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhwKFAoEc2hvcBIAGgAiACoAMgA4AEIAEgAaAgoAGgAiAA==',
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' }, spec: {}, status: {} },
  },
  'create secret generic login --from-literal=user=ada': {
    schema: 'Secret',
    body: 'azhzAAoMCgJ2MRIGU2VjcmV0EiYKFQoFbG9naW4SABoAIgAqADIAOABCABILCgR1c2VyEgNhZGEaABoAIgA=',
    object: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, data: { user: 'YWRh' } },
  },
  'create deployment web --image=nginx:1.27 --replicas=3 --port=80': {
    schema: 'Deployment',
    body: 'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50Er0BCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEosBCAMSDAoKCgNhcHASA3dlYhpxChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViElESMwoFbmdpbngSCm5naW54OjEuMjcqADIKCgAQABhQIgAqAEIAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA==',
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            containers: [
              { name: 'nginx', image: 'nginx:1.27', ports: [{ containerPort: 80 }], resources: {} },
            ],
          },
        },
        strategy: {},
      },
      status: {},
    },
  },
  'create job once --image=busybox -- date -u': {
    schema: 'Job',
    body: 'azhzAAoPCghiYXRjaC92MRIDSm9iEogBChQKBG9uY2USABoAIgAqADIAOABCABJmMmQKEAoAEgAaACIAKgAyADgAQgASUBItCgRvbmNlEgdidXN5Ym94GgRkYXRlGgItdSoAQgBqAHIAgAEAiAEAkAEAogEAGgVOZXZlcjIAQgBKAFIAWABgAGgAggEAigEAmgEAwgEAGgggACgAMAA6ABoAIgA=',
    object: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once' },
      spec: {
        template: {
          metadata: {},
          spec: {
            containers: [{ name: 'once', image: 'busybox', command: ['date', '-u'], resources: {} }],
            restartPolicy: 'Never',
          },
        },
      },
      status: {},
    },
  },
  'create quota small --hard=pods=5,requests.cpu=2': {
    schema: 'ResourceQuota',
    body: 'azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRI9ChUKBXNtYWxsEgAaACIAKgAyADgAQgASIgoLCgRwb2RzEgMKATUKEwoMcmVxdWVzdHMuY3B1EgMKATIaABoAIgA=',
    object: {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small' },
      spec: { hard: { pods: '5', 'requests.cpu': '2' } },
      status: {},
    },
  },
  "create ingress shop --rule='shop.example/cart*=cart:80,tls=shop-cert'": {
    schema: 'Ingress',
    body: 'azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxJsChQKBHNob3ASABoAIgAqADIAOABCABJQEhkKDHNob3AuZXhhbXBsZRIJc2hvcC1jZXJ0GjMKDHNob3AuZXhhbXBsZRIjCiEKHwoFL2NhcnQSDiIMCgRjYXJ0EgQKABBQGgZQcmVmaXgaAgoAGgAiAA==',
    object: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'shop' },
      spec: {
        tls: [{ hosts: ['shop.example'], secretName: 'shop-cert' }],
        rules: [
          {
            host: 'shop.example',
            http: {
              paths: [
                {
                  path: '/cart',
                  pathType: 'Prefix',
                  backend: { service: { name: 'cart', port: { number: 80 } } },
                },
              ],
            },
          },
        ],
      },
      status: { loadBalancer: {} },
    },
  },
  'create service nodeport web --tcp=80:http --node-port=30080': {
    schema: 'Service',
    body: 'azhzAAoNCgJ2MRIHU2VydmljZRJtCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkYKIAoHODAtaHR0cBIDVENQGFAiCggBEAAaBGh0dHAogOsBEgoKA2FwcBIDd2ViGgAiCE5vZGVQb3J0OgBCAFIAWgBgAGgAGgIKABoAIgA=',
    object: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        ports: [{ name: '80-http', protocol: 'TCP', port: 80, targetPort: 'http', nodePort: 30080 }],
        selector: { app: 'web' },
        type: 'NodePort',
      },
      status: { loadBalancer: {} },
    },
  },
  'create pdb careful --selector=app=web --min-available=50%': {
    schema: 'PodDisruptionBudget',
    body: 'azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSQAoXCgdjYXJlZnVsEgAaACIAKgAyADgAQgASGQoJCAEQABoDNTAlEgwKCgoDYXBwEgN3ZWIaCggAGAAgACgAMAAaACIA',
    object: {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'careful' },
      spec: { minAvailable: '50%', selector: { matchLabels: { app: 'web' } } },
      status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
    },
  },
  'create token clerk --duration=1h': {
    schema: 'AuthenticationTokenRequest',
    body: 'azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIdChAKABIAGgAiACoAMgA4AEIAEgMgkBwaBAoAEgAaACIA',
    object: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: { expirationSeconds: 3600 },
      status: { token: '' },
    },
  },
  'auth can-i create pods': {
    schema: 'SelfSubjectAccessReview',
    body: 'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPwoQCgASABoAIgAqADIAOABCABIhCh8KB2RlZmF1bHQSBmNyZWF0ZRoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA=',
    object: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: { resourceAttributes: { namespace: 'default', verb: 'create', resource: 'pods' } },
      status: { allowed: false },
    },
  },
};

describe('bodies of kubectl 1.33', () => {
  for (const [command, { schema, body, object }] of Object.entries(captured)) {
    test(command, () => {
      const bytes = Buffer.from(body, 'base64');
      const { apiVersion, kind } = object as { apiVersion: string; kind: string };
      assert.deepEqual(protobufTypeOf(bytes), { apiVersion, kind });
      assert.deepEqual(decodeObject(decodeProtobuf(bytes, schema), schema), { object, unknownFields: [] });
    });
  }
});

/** The wire format by hand: a number is a varint, everything else is bytes. */
function encode(fields: readonly (readonly [number, number | string | Buffer])[]): Buffer {
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
  return Buffer.concat(
    fields.map(([number, value]) => {
      if (typeof value === 'number') return Buffer.from([...varint(number * 8), ...varint(value)]);
      const bytes = Buffer.from(value);
      return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
    }),
  );
}

const envelope = (raw: Buffer, apiVersion = 'v1', kind = 'ConfigMap') =>
  Buffer.concat([
    Buffer.from('k8s\0'),
    encode([
      [
        1,
        encode([
          [1, apiVersion],
          [2, kind],
        ]),
      ],
      [2, raw],
    ]),
  ]);

function decodeRaw(raw: Buffer, schema: string): Record<string, unknown> {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = decodeProtobuf(envelope(raw), schema);
  return rest;
}

const values: Record<string, { schema: string; raw: Buffer; object: unknown }> = {
  'keys that Object has are plain data': {
    schema: 'ConfigMap',
    raw: encode([
      [
        2,
        encode([
          [1, '__proto__'],
          [2, 'a'],
        ]),
      ],
      [
        2,
        encode([
          [1, 'constructor'],
          [2, 'b'],
        ]),
      ],
    ]),
    object: JSON.parse('{"data":{"__proto__":"a","constructor":"b"}}'),
  },
  'a map entry without its value has the zero value': {
    schema: 'ConfigMap',
    raw: encode([
      [2, encode([[1, 'empty']])],
      [3, encode([[1, 'bytes']])],
    ]),
    object: { data: { empty: '' }, binaryData: { bytes: '' } },
  },
  'what Go embeds belongs to the outer object': {
    schema: 'Volume',
    raw: encode([
      [1, 'cache'],
      [2, encode([[2, encode([[1, 'Memory']])]])],
    ]),
    object: { name: 'cache', emptyDir: { medium: 'Memory' } },
  },
  'times, and the zero time': {
    schema: 'ObjectMeta',
    raw: encode([
      [
        8,
        encode([
          [1, 1_767_323_045],
          [2, 0],
        ]),
      ],
      [9, ''],
    ]),
    object: { creationTimestamp: '2026-01-02T03:04:05Z', deletionTimestamp: null },
  },
  'micro times': {
    schema: 'LeaseSpec',
    raw: encode([
      [
        3,
        encode([
          [1, 1_767_323_045],
          [2, 60_007_000],
        ]),
      ],
    ]),
    object: { acquireTime: '2026-01-02T03:04:05.060007Z' },
  },
  'managed fields are free JSON': {
    schema: 'ManagedFieldsEntry',
    raw: encode([[7, encode([[1, '{"f:data":{}}']])]]),
    object: { fieldsV1: { 'f:data': {} } },
  },
  'an int or string may be either': {
    schema: 'ServicePort',
    raw: encode([
      [
        4,
        encode([
          [1, 0],
          [2, 8080],
        ]),
      ],
    ]),
    object: { targetPort: 8080 },
  },
  'numbers in one run, and one by one': {
    schema: 'PodSecurityContext',
    raw: encode([
      [4, Buffer.from([1, 0xac, 0x02])],
      [4, 7],
    ]),
    object: { supplementalGroups: [1, 300, 7] },
  },
  'a list as a value of a map': {
    schema: 'UserInfo',
    raw: encode([
      [
        4,
        encode([
          [1, 'scopes'],
          [
            2,
            encode([
              [1, 'a'],
              [1, 'b'],
            ]),
          ],
        ]),
      ],
    ]),
    object: { extra: { scopes: ['a', 'b'] } },
  },
  'fields that nobody knows are passed over': {
    schema: 'ConfigMap',
    raw: encode([
      [99, 'text'],
      [98, 5],
      [4, 1],
    ]),
    object: { immutable: true },
  },
};

for (const [name, { schema, raw, object }] of Object.entries(values)) {
  test(name, () => assert.deepEqual(decodeRaw(raw, schema), object));
}

test('a negative int64', () => {
  const minusOne = Buffer.from([0x38, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
  assert.deepEqual(decodeRaw(minusOne, 'ObjectMeta'), { generation: -1 });
});

const refused: Record<string, [Buffer, RegExp]> = {
  'no prefix': [Buffer.from('{"kind":"ConfigMap"}'), /does not begin with the prefix/],
  'an end in the middle': [envelope(encode([[2, 'x']])).subarray(0, -1), /unexpected end/],
  'a length beyond the end': [envelope(Buffer.from([0x12, 0x7f])), /unexpected end/],
  'a group': [envelope(Buffer.from([0x9b, 0x06])), /illegal wire type 3/],
  'field number 0': [envelope(Buffer.from([0x00])), /illegal field number 0/],
  'an endless varint': [envelope(Buffer.alloc(12, 0xff)), /longer than 10 bytes/],
  'a message where a number is wanted': [envelope(encode([[4, 'x']])), /wire type 2 where 0 is wanted/],
  'text that is not UTF-8': [envelope(encode([[2, encode([[1, Buffer.from([0xff])]])]])), /not valid UTF-8/],
  'a year of five digits': [
    envelope(encode([[1, encode([[8, encode([[1, 300_000_000_000]])]])]])),
    /a time is out of range/,
  ],
  'broken embedded JSON': [
    envelope(encode([[1, encode([[17, encode([[7, encode([[1, '{']])]])]])]])),
    /embedded JSON/,
  ],
};

for (const [name, [body, message]] of Object.entries(refused)) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => decodeProtobuf(body, 'ConfigMap'),
      (error) => error instanceof ProtobufError && message.test(error.message),
    );
  });
}

test('refused: a small body that would become a big object', () => {
  const raw = Buffer.concat(
    Array.from({ length: 1000 }, () =>
      encode([
        [
          2,
          encode([
            [1, 'k'],
            [2, 'v'],
          ]),
        ],
      ]),
    ),
  );
  assert.throws(() => decodeProtobuf(envelope(raw), 'ConfigMap', { valuesMax: 999 }), /too many values/);
});

test('any bytes are decoded or refused, nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodeProtobuf(envelope(Buffer.from(bytes)), 'Pod');
      } catch (error) {
        assert.ok(error instanceof ProtobufError, String(error));
      }
    }),
    { interruptAfterTimeLimit: 2000 },
  );
});
