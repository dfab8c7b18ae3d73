/** Bad requests that somebody has thought of, and what each is answered with. */
import type { Asked } from './clients.ts';

export interface NamedCase extends Asked {
  /** The codes that are right; more than one where it depends on what is looked at first. */
  readonly status: number | readonly number[];
  /** Part of the message of the Status. */
  readonly message?: RegExp;
}

const json = { 'content-type': 'application/json' };
const configMaps = '/api/v1/namespaces/default/configmaps';
const services = '/api/v1/namespaces/default/services';

const configMap = (rest: object, name = 'hostile') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...rest,
});

const post = (path: string, body: unknown, headers: Record<string, string> = json): Asked => ({
  method: 'POST',
  path: `${path}${path.includes('?') ? '&' : '?'}dryRun=All`,
  headers,
  body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
});

const patch = (type: string, body: unknown): Asked => ({
  method: 'PATCH',
  path: '/api/v1/namespaces/default?dryRun=All',
  headers: { 'content-type': type },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const jsonPatch = 'application/json-patch+json';
const mergePatch = 'application/merge-patch+json';
const strategicPatch = 'application/strategic-merge-patch+json';
const yaml = { 'content-type': 'application/yaml' };

const paths: Record<string, NamedCase> = {
  'a path up and away': { path: '/api/v1/namespaces/default/configmaps/..%2f..%2fsecrets', status: 400 },
  'a name of two dots': { path: `${configMaps}/..`, status: 400 },
  'a name of one dot': { path: `${configMaps}/.`, status: 400 },
  'two dots, encoded': { path: `${configMaps}/%2e%2e`, status: 400 },
  'a slash, encoded': { path: `${configMaps}/a%2fb`, status: 400 },
  'a slash, encoded twice': { path: `${configMaps}/a%252fb`, status: 400 },
  'NUL in a name': { path: `${configMaps}/a%00b`, status: [400, 404] },
  'a name in bytes that are not UTF-8': { path: `${configMaps}/%ff%fe`, status: [400, 404] },
  'percent-encoding that is none': { path: `${configMaps}/%zz`, status: 400 },
  'percent-encoding cut off': { path: `${configMaps}/a%2`, status: 400 },
  'a namespace with a slash': { path: '/api/v1/namespaces/a%2fb/configmaps', status: [400, 404, 200] },
  'a resource that is a prototype’s': { path: '/api/v1/__proto__', status: 404 },
  'a resource called constructor': { path: '/api/v1/namespaces/default/constructor/x', status: 404 },
  'a group called __proto__': { path: '/apis/__proto__/v1/pods', status: 404 },
  'a subresource called toString': { path: `${configMaps}/x/toString`, status: 404 },
  'a name called __proto__': { path: `${configMaps}/__proto__`, status: 404 },
  'a path of a thousand segments': { path: '/api/v1'.padEnd(4000, '/a'), status: 404 },
  'a path with double slashes': { path: '//api//v1//pods', status: [200, 301, 404] },
  'a check that is none': { path: '/readyz/__proto__', status: 404 },
};

const queries: Record<string, NamedCase> = {
  'a label selector that is cut off': { path: `${configMaps}?labelSelector=a%20in%20(`, status: 400 },
  'a label selector of operators': { path: `${configMaps}?labelSelector=%3D%3D%3D`, status: 400 },
  'a label selector of commas': { path: `${configMaps}?labelSelector=,,,`, status: 400 },
  'a label selector with a bad key': { path: `${configMaps}?labelSelector=-a-%3Db`, status: 400 },
  'a field selector on a field that is none': { path: `${configMaps}?fieldSelector=data.x%3Dy`, status: 400 },
  'a field selector without an operator': { path: `${configMaps}?fieldSelector=abc`, status: 400 },
  'a continue token of rubbish': { path: `${configMaps}?limit=1&continue=rubbish`, status: 400 },
  'a continue token that leaves its collection': {
    path: `${configMaps}?limit=1&continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":1,"start":"../../secrets/a"}').toString('base64url')}`,
    status: [400, 410],
  },
  'a continue token with a version': {
    path: `${configMaps}?limit=1&resourceVersion=1&continue=abc`,
    status: 400,
  },
  'a limit that is no number': { path: `${configMaps}?limit=many`, status: 400 },
  'a limit beyond 64 bits': { path: `${configMaps}?limit=99999999999999999999999`, status: 400 },
  'the largest limit': { path: `${configMaps}?limit=9223372036854775807`, status: 200 },
  'a negative limit': { path: `${configMaps}?limit=-1`, status: [200, 400] },
  'a version that is no number': { path: `${configMaps}?resourceVersion=abc`, status: 400 },
  'a negative version': { path: `${configMaps}?resourceVersion=-5`, status: 400 },
  'a version in the far future': {
    path: `${configMaps}?resourceVersion=999999999999&resourceVersionMatch=NotOlderThan`,
    status: 504,
  },
  'a match without a version': { path: `${configMaps}?resourceVersionMatch=Exact`, status: [400, 422] },
  'a match that is none': {
    path: `${configMaps}?resourceVersion=1&resourceVersionMatch=Maybe`,
    status: [400, 422],
  },
  'initial events without a watch': { path: `${configMaps}?sendInitialEvents=true`, status: [400, 422] },
  'a watch that is over at once': { path: `${configMaps}?watch=1&timeoutSeconds=-5`, status: [200, 400] },
  'a watch for no time at all': { path: `${configMaps}?watch=1&timeoutSeconds=soon`, status: 400 },
  'a dry run of something': {
    ...post(configMaps, configMap({})),
    path: `${configMaps}?dryRun=Some`,
    status: [400, 422],
  },
  'a field validation that is none': {
    ...post(`${configMaps}?fieldValidation=Perhaps`, configMap({})),
    status: [400, 422],
  },
  'a field manager of a thousand characters': {
    ...post(`${configMaps}?fieldManager=${'a'.repeat(1000)}`, configMap({})),
    status: [400, 422],
  },
};

const heads: Record<string, NamedCase> = {
  'a method of the client’s own': { method: 'BREW', path: configMaps, status: 405 },
  TRACE: { method: 'TRACE', path: configMaps, status: 405 },
  'PUT of a collection': { method: 'PUT', path: configMaps, headers: json, body: '{}', status: 405 },
  'POST to a name': { method: 'POST', path: `${configMaps}/x`, headers: json, body: '{}', status: 405 },
  'an answer in HTML': { path: configMaps, headers: { accept: 'text/html' }, status: 406 },
  'an answer as a table of nobody': {
    path: configMaps,
    headers: { accept: 'application/json;as=Chair;v=v1;g=meta.k8s.io' },
    status: [200, 406],
  },
  'an accept header of rubbish': { path: configMaps, headers: { accept: ';;;,,,/' }, status: [200, 406] },
  'a body as text': { ...post(configMaps, configMap({}), { 'content-type': 'text/plain' }), status: 415 },
  'a body as a form': {
    ...post(configMaps, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }),
    status: 415,
  },
  'a content type of rubbish': { ...post(configMaps, '{}', { 'content-type': ';;;' }), status: [400, 415] },
  'a compressed body': {
    ...post(configMaps, '{}', { ...json, 'content-encoding': 'gzip' }),
    status: 415,
  },
  'a patch as JSON': { ...patch('application/json', '{}'), status: 415 },
  'a token of nobody': { path: configMaps, headers: { authorization: 'Bearer rubbish' }, status: [200, 401] },
};

const bodies: Record<string, NamedCase> = {
  'no body': { ...post(configMaps, ''), status: 400 },
  'half of a body': { ...post(configMaps, '{"apiVersion":"v1","kind":"Conf'), status: 400 },
  'two bodies': { ...post(configMaps, '{}{}'), status: 400 },
  'a list for an object': { ...post(configMaps, '[]'), status: 400 },
  // Go reads null into an object without a change: what is missing then is the name.
  'null for an object': { ...post(configMaps, 'null'), status: 422 },
  'a number for an object': { ...post(configMaps, '1e999'), status: 400 },
  'bytes that are not UTF-8': {
    ...post(configMaps, Buffer.from('{"data":{"a":"\xff\xfe"}}', 'latin1')),
    status: 400,
  },
  'comments in JSON': { ...post(configMaps, '/* a */ {}'), status: 400 },
  'another kind': {
    ...post(configMaps, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } }),
    status: 400,
  },
  'another version': { ...post(configMaps, configMap({ apiVersion: 'v2' })), status: 400 },
  'a kind called __proto__': { ...post(configMaps, configMap({ kind: '__proto__' })), status: 400 },
  'another namespace': {
    ...post(configMaps, configMap({ metadata: { name: 'a', namespace: 'kube-system' } })),
    status: 400,
  },
  'metadata as a list': { ...post(configMaps, configMap({ metadata: [] })), status: 400 },
  'metadata as a text': { ...post(configMaps, configMap({ metadata: 'a' })), status: 400 },
  'labels as a list': {
    ...post(configMaps, configMap({ metadata: { name: 'a', labels: ['b'] } })),
    status: 400,
  },
  'a label that is a number': {
    ...post(configMaps, configMap({ metadata: { name: 'a', labels: { b: 1 } } })),
    status: 400,
  },
  'data with numbers': { ...post(configMaps, configMap({ data: { a: 1 } })), status: 400 },
  'a name as an object': { ...post(configMaps, configMap({ metadata: { name: {} } })), status: 400 },
  'no name': { ...post(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }), status: 422 },
  'a name that is a path': { ...post(configMaps, configMap({}, '../a')), status: 422 },
  'a name of capitals': { ...post(configMaps, configMap({}, 'ABC')), status: 422 },
  'a name of 300 letters': { ...post(configMaps, configMap({}, 'a'.repeat(300))), status: 422 },
  'a label called __proto__': {
    ...post(
      configMaps,
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"__proto__":"b"}}}',
    ),
    status: 422,
  },
  'a port beyond all ports': {
    ...post(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a' },
      spec: { ports: [{ port: 70000 }] },
    }),
    status: 422,
    message: /spec\.ports\[0\]\.port: Invalid value: 70000: must be between 1 and 65535, inclusive/,
  },
  'a port that is half a number': {
    ...post(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'a' },
      spec: { ports: [{ port: 1.5 }] },
    }),
    status: 400,
  },
  'arrays a hundred thousand deep': { ...post(configMaps, '['.repeat(100_000)), status: [400, 413] },
  'objects a hundred thousand deep': { ...post(configMaps, '{"a":'.repeat(100_000)), status: [400, 413] },
  'a million empty objects': {
    ...post(configMaps, `{"apiVersion":"v1","kind":"ConfigMap","x":[${'{},'.repeat(900_000)}{}]}`),
    status: [400, 413],
  },
  'a body over the limit': { ...post(configMaps, Buffer.alloc(3 * 1024 * 1024 + 1, ' ')), status: 413 },
  'an object over the limit': {
    ...post(configMaps, configMap({ data: { a: 'a'.repeat(2 * 1024 * 1024) } })),
    status: [413, 422],
  },
  'YAML that doubles itself': {
    ...post(
      configMaps,
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`).join('\n')}`,
      yaml,
    ),
    status: [400, 413],
  },
  'YAML with tags of its own': { ...post(configMaps, '!!js/function "return 1"', yaml), status: 400 },
  'YAML a thousand deep': {
    ...post(configMaps, '['.repeat(1000) + ']'.repeat(1000), yaml),
    status: [400, 413],
  },
  'YAML in tabs': { ...post(configMaps, 'a:\n\t- b\n\t\t- c', yaml), status: 400 },
};

const patches: Record<string, NamedCase> = {
  'a JSON patch of an object': { ...patch(jsonPatch, {}), status: 400 },
  'a JSON patch without an operation': { ...patch(jsonPatch, [{ path: '/a' }]), status: [400, 422] },
  'a JSON patch to nowhere': { ...patch(jsonPatch, [{ op: 'remove', path: '/a/b/c' }]), status: [400, 422] },
  'a JSON patch of the prototype': {
    ...patch(jsonPatch, [{ op: 'add', path: '/__proto__/polluted', value: 1 }]),
    status: [400, 422],
  },
  'a JSON patch of the constructor': {
    ...patch(jsonPatch, [{ op: 'add', path: '/constructor/prototype/polluted', value: 1 }]),
    status: [400, 422],
  },
  'a JSON patch of 10,001 operations': {
    ...patch(jsonPatch, Array(10_001).fill({ op: 'test', path: '/kind', value: 'Namespace' })),
    status: 413,
    message: /The allowed maximum operations in a JSON patch is 10000, got 10001/,
  },
  'a JSON patch at the end of the numbers': {
    ...patch(jsonPatch, [{ op: 'add', path: '/spec/finalizers/99999999999', value: 'a' }]),
    status: [400, 422],
  },
  'a JSON patch that takes the name away': {
    ...patch(jsonPatch, [{ op: 'remove', path: '/metadata/name' }]),
    status: [400, 422],
  },
  'a merge patch of a list': { ...patch(mergePatch, []), status: 400 },
  'a merge patch that is cut off': { ...patch(mergePatch, '{"a":'), status: 400 },
  'a strategic patch with a directive of its own': {
    ...patch(strategicPatch, { spec: { finalizers: [{ $patch: 'explode' }] } }),
    status: [400, 422],
  },
  'a strategic patch of a text': { ...patch(strategicPatch, '"a"'), status: 400 },
  'a strategic patch a thousand deep': {
    ...patch(strategicPatch, `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`),
    status: [400, 413],
  },
};

export const namedCases: Record<string, Record<string, NamedCase>> = {
  paths,
  queries,
  heads,
  bodies,
  patches,
};
