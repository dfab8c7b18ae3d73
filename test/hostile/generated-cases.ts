/** Bad requests by the hundred, from a seed: each kind knows which answers are right for it. */
import { type Random, randomInteger, seededRandom } from '../../src/lib/random.ts';
import type { Asked } from './clients.ts';

export interface GeneratedCase {
  readonly kind: string;
  readonly right: readonly number[];
  readonly asked: Asked;
}

const seed = 20261121;

const pick = <Item>(random: Random, items: readonly Item[]): Item =>
  items[randomInteger(random, items.length)]!;

const nasty = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  '..',
  '.',
  '',
  ' ',
  '%',
  '$patch',
  '$ref',
  '\u0000',
  '\u202e',
  'ÿ',
  '𝕏',
  '-a',
  'a-',
  'A',
  'a/b',
  'a/b/c',
  '~1',
  '~',
  '<script>',
  '$(a)',
  '{{a}}',
  "'; drop table",
  'a'.repeat(300),
];

function text(random: Random): string {
  if (random.next() < 0.4) return pick(random, nasty);
  const length = randomInteger(random, 12);
  return Array.from({ length }, () => String.fromCodePoint(randomInteger(random, 0x2000))).join('');
}

/** Any JSON value. */
function value(random: Random, depth = 3): unknown {
  const kinds = depth === 0 ? 5 : 7;
  switch (randomInteger(random, kinds)) {
    case 0:
      return text(random);
    case 1:
      return pick(random, [0, -1, 1.5, 1e300, 2 ** 53, -(2 ** 31)]);
    case 2:
      return random.next() < 0.5;
    case 3:
      return null;
    case 4:
      return pick(random, ['v1', 'ConfigMap', 'default', 'true', '1']);
    case 5:
      return Array.from({ length: randomInteger(random, 4) }, () => value(random, depth - 1));
    default:
      return object(random, depth - 1);
  }
}

function object(random: Random, depth: number): object {
  const members = Array.from({ length: randomInteger(random, 5) }, () => [
    random.next() < 0.5
      ? text(random)
      : pick(random, ['metadata', 'name', 'spec', 'data', 'labels', 'kind', 'ports']),
    value(random, depth),
  ]);
  // Parsing makes an own property of `__proto__`, which assignment would not.
  return JSON.parse(
    `{${members.map(([key, held]) => `${JSON.stringify(key)}:${JSON.stringify(held)}`).join(',')}}`,
  );
}

const resources: readonly { path: string; kind: string; apiVersion: string }[] = [
  { path: '/api/v1/namespaces/default/configmaps', kind: 'ConfigMap', apiVersion: 'v1' },
  { path: '/api/v1/namespaces/default/services', kind: 'Service', apiVersion: 'v1' },
  { path: '/api/v1/namespaces/default/pods', kind: 'Pod', apiVersion: 'v1' },
  { path: '/api/v1/namespaces', kind: 'Namespace', apiVersion: 'v1' },
  { path: '/apis/apps/v1/namespaces/default/deployments', kind: 'Deployment', apiVersion: 'apps/v1' },
  { path: '/apis/batch/v1/namespaces/default/cronjobs', kind: 'CronJob', apiVersion: 'batch/v1' },
  {
    path: '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices',
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
  },
  {
    path: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    kind: 'ClusterRole',
    apiVersion: 'rbac.authorization.k8s.io/v1',
  },
];

const json = { 'content-type': 'application/json' };

/** Cuts a byte out, puts one in or changes one. */
function damaged(random: Random, source: string): string {
  const at = randomInteger(random, source.length);
  const byte = pick(random, ['{', '}', '"', ',', ':', '\\', '\u0001', '[', 'x']);
  return pick(random, [
    source.slice(0, at),
    source.slice(0, at) + source.slice(at + 1),
    source.slice(0, at) + byte + source.slice(at),
  ]);
}

interface Generator {
  readonly right: readonly number[];
  make(random: Random): Asked;
}

const generators: Record<string, Generator> = {
  'a path of anything': {
    right: [200, 301, 400, 404, 405],
    make: (random) => {
      const segments = Array.from({ length: 1 + randomInteger(random, 7) }, () =>
        random.next() < 0.5
          ? encodeURIComponent(text(random).toWellFormed())
          : pick(random, [
              'api',
              'apis',
              'v1',
              'apps',
              'namespaces',
              'default',
              'pods',
              'watch',
              'status',
              '%',
              '%2',
              '%ff',
            ]),
      );
      return { path: `/${segments.join('/')}` };
    },
  },
  'a query of anything': {
    right: [200, 400, 410, 422, 504],
    make: (random) => {
      const keys = [
        'labelSelector',
        'fieldSelector',
        'limit',
        'continue',
        'resourceVersion',
        'resourceVersionMatch',
        'pretty',
        'timeout',
      ];
      const query = Array.from(
        { length: 1 + randomInteger(random, 3) },
        () => `${pick(random, keys)}=${encodeURIComponent(text(random).toWellFormed())}`,
      );
      return { path: `${pick(random, resources).path}?${query.join('&')}` };
    },
  },
  'a selector of operators': {
    right: [200, 400],
    make: (random) => {
      const parts = [
        'a',
        'b',
        '=',
        '==',
        '!=',
        '!',
        ' in ',
        ' notin ',
        '(',
        ')',
        ',',
        '-',
        '/',
        'x.y/z',
        '"',
      ];
      const selector = Array.from({ length: 1 + randomInteger(random, 8) }, () => pick(random, parts)).join(
        '',
      );
      return {
        path: `${pick(random, resources).path}?${pick(random, ['labelSelector', 'fieldSelector'])}=${encodeURIComponent(selector)}`,
      };
    },
  },
  'a method of anything': {
    right: [400, 405, 415, 422],
    make: (random) => ({
      method: pick(random, ['BREW', 'PROPFIND', 'TRACE', 'OPTIONS', 'LINK', 'get', 'PUT', 'PATCH']),
      path: pick(random, resources).path,
      headers: json,
      body: '{}',
    }),
  },
  'headers of anything': {
    right: [200, 400, 401, 406],
    make: (random) => {
      const printable = text(random).replace(/[^\x21-\x7e]/g, '');
      const name = pick(random, [
        'accept',
        'accept-encoding',
        'user-agent',
        'if-match',
        'range',
        'x-forwarded-for',
        'impersonate-x',
        'cookie',
      ]);
      return { path: pick(random, resources).path, headers: { [name]: printable } };
    },
  },
  'any JSON as an object': {
    right: [201, 400, 409, 413, 422],
    make: (random) => {
      const { path, kind, apiVersion } = pick(random, resources);
      const whole = { ...object(random, 4), apiVersion, kind };
      return { method: 'POST', path: `${path}?dryRun=All`, headers: json, body: JSON.stringify(whole) };
    },
  },
  'any JSON as a spec': {
    right: [201, 400, 409, 413, 422],
    make: (random) => {
      const { path, kind, apiVersion } = pick(random, resources);
      const whole = {
        apiVersion,
        kind,
        metadata: { name: 'a', labels: value(random) },
        spec: value(random, 5),
        data: value(random),
        rules: value(random),
      };
      return { method: 'POST', path: `${path}?dryRun=All`, headers: json, body: JSON.stringify(whole) };
    },
  },
  'JSON with one byte wrong': {
    right: [201, 400, 422],
    make: (random) => {
      const { path, kind, apiVersion } = pick(random, resources);
      const whole = JSON.stringify({
        apiVersion,
        kind,
        metadata: { name: 'a', labels: { a: 'b' } },
        spec: {},
      });
      return { method: 'POST', path: `${path}?dryRun=All`, headers: json, body: damaged(random, whole) };
    },
  },
  'a content type of anything': {
    right: [400, 415],
    make: (random) => ({
      method: 'POST',
      path: `${pick(random, resources).path}?dryRun=All`,
      headers: { 'content-type': `x${text(random).replace(/[^\x21-\x7e]/g, '')}` },
      body: '{}',
    }),
  },
  'any patch': {
    right: [200, 400, 413, 422],
    make: (random) => ({
      method: 'PATCH',
      path: '/api/v1/namespaces/default/services/kubernetes?dryRun=All',
      headers: {
        'content-type': pick(random, [
          'application/merge-patch+json',
          'application/strategic-merge-patch+json',
        ]),
      },
      body: JSON.stringify(object(random, 4)),
    }),
  },
  'any JSON patch': {
    right: [200, 400, 413, 422],
    make: (random) => ({
      method: 'PATCH',
      path: '/api/v1/namespaces/default/services/kubernetes?dryRun=All',
      headers: { 'content-type': 'application/json-patch+json' },
      body: JSON.stringify(
        Array.from({ length: 1 + randomInteger(random, 4) }, () => ({
          op: pick(random, ['add', 'remove', 'replace', 'move', 'copy', 'test', 'explode']),
          path: `/${pick(random, ['spec', 'metadata', 'spec/ports', 'spec/ports/0', 'metadata/labels'])}/${text(random)}`,
          from: `/${text(random)}`,
          value: value(random),
        })),
      ),
    }),
  },
  'any options of a delete': {
    right: [200, 400, 404, 409, 422],
    make: (random) => ({
      method: 'DELETE',
      path: `/api/v1/namespaces/default/configmaps/${pick(random, ['absent', 'a'])}?dryRun=All`,
      headers: json,
      body: JSON.stringify({
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        gracePeriodSeconds: value(random),
        preconditions: value(random),
        propagationPolicy: value(random),
      }),
    }),
  },
};

/** `count` cases, as many of each kind. The same ones every time. */
export function generateCases(count: number): GeneratedCase[] {
  const random = seededRandom(seed);
  const kinds = Object.entries(generators);
  return Array.from({ length: count }, (_, index) => {
    const [kind, { right, make }] = kinds[index % kinds.length]!;
    return { kind, right, asked: make(random) };
  });
}
