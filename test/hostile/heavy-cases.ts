/** Requests that are legal, or nearly, and as much work as one request can be. */
import { jsonDepthMax, jsonElementsMax, jsonMembersMax } from '../../src/lib/json-scan.ts';
import type { Asked } from './clients.ts';

export interface HeavyCase extends Asked {
  readonly status: readonly number[];
  /** Asked first, and must succeed. */
  readonly prepare?: readonly Asked[];
}

const json = { 'content-type': 'application/json' };
const configMaps = '/api/v1/namespaces/default/configmaps';
const mebibyte = 1024 * 1024;

const head = (name: string) => `"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"}`;

const post = (body: string, headers: Record<string, string> = json): Asked => ({
  method: 'POST',
  path: `${configMaps}?dryRun=All`,
  headers,
  body,
});

const keys = (count: number, value: string) =>
  Array.from({ length: count }, (_, index) => `"k${String(index).padStart(6, '0')}":${value}`).join(',');

const patchOf = (name: string, type: string, body: unknown): Asked => ({
  method: 'PATCH',
  path: `${configMaps}/${name}`,
  headers: { 'content-type': `application/${type}+json` },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** An object with 4,000 keys to patch. */
const stored = (name: string): readonly Asked[] => [
  { method: 'POST', path: configMaps, headers: json, body: `{${head(name)},"data":{${keys(4000, '"v"')}}}` },
];

/** Properties that are legal, of two members each. */
const definition = (properties: number): string =>
  JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: Object.fromEntries(
                Array.from({ length: properties }, (_, index) => [`p${index}`, { type: 'string' }]),
              ),
            },
          },
        },
      ],
    },
  });

export const heavyCases: Record<string, HeavyCase> = {
  'three mebibytes of spaces': { ...post(`${' '.repeat(3 * mebibyte - 100)}{${head('a')}}`), status: [201] },
  'one long text': { ...post(`{${head('a')},"data":{"a":"${'a'.repeat(mebibyte - 1000)}"}}`), status: [201] },
  'one long text of escapes': {
    ...post(`{${head('a')},"data":{"a":"${'\\u00e9'.repeat(480_000)}"}}`),
    status: [201, 413, 422],
  },
  'one long number': { ...post(`{${head('a')},"x":${'1'.repeat(3 * mebibyte - 200)}}`), status: [201, 400] },
  'as many members as allowed': {
    ...post(`{${head('a')},"data":{${keys(jsonMembersMax - 10, '"v"')}}}`),
    status: [201, 413, 422],
  },
  'as many members of the wrong type': {
    ...post(`{${head('a')},"data":{${keys(jsonMembersMax - 10, '1')}}}`),
    status: [400, 413],
  },
  'as many unknown fields as allowed': {
    ...post(`{${head('a')},${keys(jsonMembersMax - 10, '1')}}`),
    status: [201, 400, 413],
  },
  'as many unknown fields, strictly': {
    ...post(`{${head('a')},${keys(jsonMembersMax - 10, '1')}}`),
    path: `${configMaps}?dryRun=All&fieldValidation=Strict`,
    status: [400, 413],
  },
  'the same field again and again': {
    ...post(
      `{${head('a')},"data":{${Array(jsonMembersMax - 10)
        .fill('"a":"b"')
        .join(',')}}}`,
    ),
    path: `${configMaps}?dryRun=All&fieldValidation=Strict`,
    status: [400, 413],
  },
  'as many elements as allowed': {
    ...post(`{${head('a')},"x":[${'{},'.repeat(jsonElementsMax / 2 - 20)}{}]}`),
    status: [201, 400, 413],
  },
  'as deep as allowed': {
    ...post(
      `{${head('a')},"x":[${Array(400)
        .fill('['.repeat(jsonDepthMax - 3) + ']'.repeat(jsonDepthMax - 3))
        .join(',')}]}`,
    ),
    status: [201, 400, 413],
  },
  'a body that is too deep': { ...post('['.repeat(3 * mebibyte - 1)), status: [400, 413] },
  'labels by the thousand': {
    ...post(
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{${keys(jsonMembersMax - 10, '"-"')}}}}`,
    ),
    status: [400, 413, 422],
  },
  'finalizers by the thousand': {
    ...post(
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","finalizers":[${Array(30_000).fill('"a/b"').join(',')}]}}`,
    ),
    status: [201, 400, 413, 422],
  },
  'owners by the thousand': {
    ...post(
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","ownerReferences":[${Array(8000).fill('{"apiVersion":"v1","kind":"Pod","name":"a","uid":"b","controller":true}').join(',')}]}}`,
    ),
    status: [400, 413, 422],
  },
  'ports by the thousand': {
    method: 'POST',
    path: '/api/v1/namespaces/default/services?dryRun=All',
    headers: json,
    body: `{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"ports":[${Array(10_000).fill('{"port":70000}').join(',')}]}}`,
    status: [400, 413, 422],
  },
  'different ports by the thousand': {
    method: 'POST',
    path: '/api/v1/namespaces/default/services?dryRun=All',
    headers: json,
    body: `{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"type":"NodePort","ports":[${Array.from({ length: 10_000 }, (_, index) => `{"name":"p${index}","port":${index + 1}}`).join(',')}]}}`,
    // As upstream has it, running out of node ports is an internal error.
    status: [400, 413, 422, 500],
  },
  'endpoints by the thousand': {
    method: 'POST',
    path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?dryRun=All',
    headers: json,
    body: `{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"a"},"addressType":"IPv4","endpoints":[${Array(16_000).fill('{"addresses":["10.0.0.300"]}').join(',')}]}`,
    status: [400, 413, 422],
  },
  'containers by the thousand': {
    method: 'POST',
    path: '/api/v1/namespaces/default/pods?dryRun=All',
    headers: json,
    body: `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[${Array(12_000).fill('{"name":"a","image":"b"}').join(',')}]}}`,
    status: [400, 413, 422],
  },
  'a long YAML body': {
    ...post(
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n${Array.from({ length: 40_000 }, (_, index) => `  k${index}: v\n`).join('')}`,
      {
        'content-type': 'application/yaml',
      },
    ),
    status: [201, 400, 413, 422],
  },
  'a YAML body of ten thousand keys': {
    ...post(
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n${Array.from({ length: 10_000 }, (_, index) => `  k${index}: v\n`).join('')}`,
      {
        'content-type': 'application/yaml',
      },
    ),
    status: [201],
  },
  'a YAML body of brackets': {
    ...post('['.repeat(100_000), { 'content-type': 'application/yaml' }),
    status: [400, 413],
  },
  'a selector of thousands of values': {
    path: `${configMaps}?labelSelector=${encodeURIComponent(`a in (${Array.from({ length: 6000 }, (_, index) => `v${index}`).join(',')})`)}`,
    status: [200, 400],
  },
  'a selector of thousands of terms': {
    path: `${configMaps}?labelSelector=${Array.from({ length: 5000 }, (_, index) => `k${index}`).join(',')}`,
    status: [200, 400],
  },
  'a query of thousands of fields': { path: `${configMaps}?${'a=b&'.repeat(12_000)}`, status: [200] },
  'a path of thousands of segments': { path: `/api/v1${'/a'.repeat(25_000)}`, status: [404] },
  'ten thousand operations of a JSON patch': {
    prepare: stored('heavy-0'),
    ...patchOf(
      'heavy-0',
      'json-patch',
      Array.from({ length: 10_000 }, (_, index) => ({
        op: 'add',
        path: `/data/k${String(index % 4000).padStart(6, '0')}`,
        value: 'w',
      })),
    ),
    status: [200],
  },
  'ten thousand copies in a JSON patch': {
    prepare: stored('heavy-1'),
    ...patchOf(
      'heavy-1',
      'json-patch',
      Array.from({ length: 10_000 }, (_, index) => ({
        op: 'copy',
        from: '/data',
        path: `/metadata/x${index}`,
      })),
    ),
    status: [400, 413, 422],
  },
  'insertions at the front of a list': {
    prepare: stored('heavy-2'),
    ...patchOf('heavy-2', 'json-patch', [
      { op: 'add', path: '/metadata/finalizers', value: [] },
      ...Array.from({ length: 9_999 }, (_, index) => ({
        op: 'add',
        path: '/metadata/finalizers/0',
        value: `a/b${index}`,
      })),
    ]),
    status: [200, 400, 413, 422],
  },
  'a long merge patch': {
    prepare: stored('heavy-3'),
    ...patchOf('heavy-3', 'merge-patch', `{"data":{${keys(10_000, '"w"')}}}`),
    status: [200, 413],
  },
  'a long strategic patch': {
    prepare: stored('heavy-4'),
    ...patchOf('heavy-4', 'strategic-merge-patch', `{"data":{${keys(10_000, '"w"')}}}`),
    status: [200, 413],
  },
  'a list as YAML': {
    prepare: [...stored('yaml-0'), ...stored('yaml-1'), ...stored('yaml-2')],
    path: configMaps,
    headers: { accept: 'application/yaml' },
    status: [200],
  },
  'an EndpointSlice with a thousand full endpoints': {
    method: 'POST',
    path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?dryRun=All',
    headers: json,
    body: JSON.stringify({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'a' },
      addressType: 'IPv4',
      ports: [{ name: 'web', port: 80, protocol: 'TCP' }],
      endpoints: Array.from({ length: 1000 }, (_, index) => ({
        addresses: [`10.1.${index >> 8}.${index & 255}`],
        conditions: { ready: true, serving: true, terminating: false },
        hints: { forZones: [{ name: 'zone-a' }] },
        nodeName: `node-${index}`,
        targetRef: {
          kind: 'Pod',
          name: `web-${index}`,
          namespace: 'default',
          uid: `00000000-0000-4000-8000-${index}`,
        },
        zone: 'zone-a',
      })),
    }),
    status: [201],
  },
  'a CustomResourceDefinition with a schema of 30,000 members': {
    method: 'POST',
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All',
    headers: json,
    body: definition(14_950),
    status: [201],
  },
  'a Secret of a mebibyte': {
    method: 'POST',
    path: '/api/v1/namespaces/default/secrets?dryRun=All',
    headers: json,
    body: `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":{"a":"${Buffer.alloc(mebibyte).toString('base64')}"}}`,
    status: [201],
  },
  'a change of an object with as many members as are stored': {
    prepare: [
      {
        method: 'POST',
        path: configMaps,
        headers: json,
        body: `{${head('heavy-5')},"data":{${keys(jsonMembersMax - 20, '"v"')}}}`,
      },
    ],
    ...patchOf('heavy-5', 'merge-patch', { data: { k000001: 'w' } }),
    status: [200],
  },
  'an apply of as many members as allowed': {
    method: 'PATCH',
    path: `${configMaps}/applied?fieldManager=hostile&dryRun=All`,
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: `{${head('applied')},"data":{${keys(jsonMembersMax - 20, '"v"')}}}`,
    status: [201],
  },
  'an apply over an object with thousands of members': {
    prepare: stored('heavy-6'),
    method: 'PATCH',
    path: `${configMaps}/heavy-6?fieldManager=hostile&force=true`,
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: `{${head('heavy-6')},"data":{${keys(10_000, '"w"')}}}`,
    status: [200],
  },
  'a replacement with thousands of members': {
    prepare: stored('heavy-7'),
    method: 'PUT',
    path: `${configMaps}/heavy-7`,
    headers: json,
    body: `{${head('heavy-7')},"data":{${keys(jsonMembersMax - 20, '"v"')}}}`,
    status: [200],
  },
  'YAML of nested keys': {
    ...post('? '.repeat(500_000), { 'content-type': 'application/yaml' }),
    status: [413],
  },
  'a Secret of a mebibyte in lines': {
    method: 'POST',
    path: '/api/v1/namespaces/default/secrets?dryRun=All',
    headers: json,
    body: `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"data":{"a":"${`${'QUJD'.repeat(16)}\\n`.repeat(20_000)}"}}`,
    status: [201],
  },
  'a name of three mebibytes': {
    ...post(
      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${'a'.repeat(3 * mebibyte - 200)}-"}}`,
    ),
    status: [422],
  },
  'environment variables by the thousand': {
    method: 'POST',
    path: '/api/v1/namespaces/default/pods?dryRun=All',
    headers: json,
    body: `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","image":"b","env":[${Array(
      10_000,
    )
      .fill('{"name":"A=","value":"b"}')
      .join(',')}]}]}}`,
    status: [422],
  },
  'a strategic patch of a list by the thousand': {
    ...patchOf(
      'kubernetes',
      'strategic-merge-patch',
      `{"spec":{"ports":[${Array.from({ length: 10_000 }, (_, index) => `{"port":${index + 1},"name":"p${index}"}`).join(',')}]}}`,
    ),
    path: '/api/v1/namespaces/default/services/kubernetes?dryRun=All',
    status: [200, 400, 413, 422],
  },
};
