import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { staticPod } from './manifest.ts';

const place = { file: '/manifests/web.yaml', nodeName: 'node-1', now: '2026-01-01T00:00:00Z' };
const web = `
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: { app: web }
spec:
  containers:
  - name: web
    image: nginx
`;

describe('a static pod', () => {
  test('is whole, on this node, under a name of its own', () => {
    const { metadata, spec, status } = staticPod(web, place);
    const { uid = '' } = metadata;
    assert.match(uid, /^[0-9a-f]{32}$/);
    assert.deepEqual(metadata, {
      name: 'web-node-1',
      namespace: 'default',
      uid,
      creationTimestamp: place.now,
      labels: { app: 'web' },
      annotations: {
        'kubernetes.io/config.hash': uid,
        'kubernetes.io/config.source': 'file',
        'kubernetes.io/config.seen': place.now,
      },
    });
    assert.deepEqual(
      [spec?.nodeName, spec?.restartPolicy, spec?.tolerations, status?.phase],
      ['node-1', 'Always', [{ operator: 'Exists', effect: 'NoExecute' }], 'Pending'],
    );
  });

  test('is another one when the file says something else, stands elsewhere, or is on another node', () => {
    const uidOf = (text: string, more = {}) => staticPod(text, { ...place, ...more }).metadata.uid;
    assert.equal(uidOf(web, { now: '2027-01-01T00:00:00Z' }), uidOf(web));
    assert.equal(uidOf(JSON.stringify(staticJson)), uidOf(JSON.stringify(staticJson, undefined, 2)));
    const others = [
      uidOf(web.replace('nginx', 'httpd')),
      uidOf(web, { file: '/b' }),
      uidOf(web, { nodeName: 'b' }),
    ];
    assert.equal(new Set([uidOf(web), ...others]).size, 4);
  });

  const wrong: Record<string, readonly [string, RegExp]> = {
    'nothing at all': ['', /^has no Pod: apiVersion is undefined, kind is undefined$/],
    'no YAML': ['a: [', /^is neither YAML nor JSON: /],
    'another kind': ['apiVersion: v1\nkind: Service', /^has no Pod: apiVersion is "v1", kind is "Service"$/],
    'no name': [web.replace('  name: web\n', ''), /^metadata\.name: Required value$/],
    'a bad name': [
      web.replace('name: web\n  labels', 'name: Web_1\n  labels'),
      /^invalid pod: metadata\.name: Invalid value/,
    ],
    'no containers': [web.slice(0, web.indexOf('spec:')), /^invalid pod: spec\.containers: Required value$/],
    'a number where a text belongs': [web.replace('image: nginx', 'image: 5'), /image/],
    'a secret': [
      `${web}    env: [{ name: A, valueFrom: { secretKeyRef: { name: s, key: k } } }]\n`,
      /^static pods may not reference secrets$/,
    ],
    'a claim': [
      `${web}  volumes: [{ name: v, persistentVolumeClaim: { claimName: c } }]\n`,
      /^static pods may not reference persistent volume claims$/,
    ],
    'an account': [
      `${web}  serviceAccountName: builder\n`,
      /^static pods may not reference a service account$/,
    ],
  };
  for (const [what, [text, message]] of Object.entries(wrong))
    test(`cannot be: ${what}`, () =>
      assert.throws(() => staticPod(text, place), { code: 'MANIFEST', message }));

  test('whatever a file says is a pod, or is refused in words', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          staticPod(`apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: ${text}`, place);
        } catch (failure) {
          assert.equal((failure as { code?: string }).code, 'MANIFEST', String(failure));
        }
      }),
      { interruptAfterTimeLimit: 2000 },
    );
  });
});

const staticJson = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: { containers: [{ name: 'web', image: 'nginx' }] },
};
