import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { kinds } from '../../kinds/registry.ts';
import { compareObjects } from './compare.ts';
import { createdFields, encodedFields } from './created-fields.ts';
import { encodeFields } from './field-set.ts';
import { emptyObjectOf, type OwnedKind, withoutResetFields, withoutServerFields } from './owned-fields.ts';
import { planOf } from './plan.ts';
import { deploymentKind, podKind, stored } from './testing.ts';

/** What a comparison with the empty object says, set by set. */
function bySets(kind: OwnedKind, object: object): object | undefined {
  const { changed } = compareObjects(planOf(kind.schema), emptyObjectOf(kind), object);
  const fields = encodeFields(withoutServerFields(withoutResetFields(changed, kind, '')));
  return Object.keys(fields).length === 0 ? undefined : fields;
}

const assertSame = (kind: OwnedKind, object: object): void => {
  const found = createdFields(kind, stored(kind, object));
  assert.equal(JSON.stringify(found), JSON.stringify(bySets(kind, stored(kind, object))));
};

const container = (name: unknown, more: object = {}) => ({ name, image: 'example/web', ...more });
const podOf = (spec: object, more: object = {}) => ({ metadata: { name: 'web', ...more }, spec });

describe('what a creator owns', () => {
  for (const [what, spec] of [
    ['nothing', {}],
    ['an empty list', { containers: [], tolerations: [] }],
    ['one container', { containers: [container('web')] }],
    ['containers in another order than their names', { containers: [container('web'), container('api')] }],
    ['two containers of one name', { containers: [container('web'), container('web', { tty: true })] }],
    [
      'ports, by number',
      {
        containers: [
          container('web', {
            ports: [{ containerPort: 443 }, { containerPort: 80 }, { containerPort: 8080 }],
          }),
        ],
      },
    ],
    ['empty objects and lists', { containers: [container('web', { resources: {}, env: [], args: [] })] }],
    [
      'atomic lists and maps',
      { nodeSelector: { a: 'b' }, tolerations: [{ key: 'a' }], hostAliases: [{ ip: '::1' }] },
    ],
    ['null', { securityContext: null, nodeName: null }],
    [
      'volumes',
      {
        volumes: [
          { name: 'b', emptyDir: {} },
          { name: 'a', configMap: { name: 'x' } },
        ],
      },
    ],
  ] as const)
    test(what, () => assertSame(podKind, podOf(spec)));

  for (const [what, metadata] of [
    ['labels', { labels: { b: '1', a: '2', 'example.com/"quoted"': 'ü' } }],
    ['a label named __proto__', { labels: JSON.parse('{"__proto__":"x","constructor":"y"}') }],
    [
      'finalizers and owners',
      { finalizers: ['b/b', 'a/a'], ownerReferences: [{ uid: '2' }, { uid: '1', name: 'x' }] },
    ],
    ['what is the server’s', { uid: 'x', resourceVersion: '3', generation: 2, generateName: 'web-' }],
    ['no labels, but empty ones', { labels: {}, annotations: {} }],
  ] as const)
    test(what, () => assertSame(podKind, podOf({ containers: [container('web')] }, metadata)));

  test('a status only where there is no /status', () => {
    const object = { metadata: { name: 'web' }, status: { phase: 'Running' } };
    assertSame(podKind, object);
    assertSame({ ...podKind, subresources: [] }, object);
  });

  test('a type whose structs by value have values', () => {
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [container('web')] } };
    assertSame(deploymentKind, {
      metadata: { name: 'web' },
      spec: { selector: { matchLabels: { app: 'web' } }, template },
    });
    assertSame(deploymentKind, {
      metadata: { name: 'web' },
      spec: { selector: null, strategy: {}, template: {} },
    });
  });

  test('every kind’s example', () => {
    for (const kind of kinds) if (kind.example !== undefined) assertSame(kind, kind.example);
  });

  test('is one for all objects of a template, cannot be changed, and has its text', () => {
    const fields = createdFields(podKind, stored(podKind, podOf({ containers: [container('web')] })));
    const other = createdFields(
      podKind,
      stored(podKind, podOf({ containers: [container('web', { image: 'x' })] })),
    );
    assert.equal(fields, other);
    assert.ok(fields !== undefined && Object.isFrozen(fields['f:spec']));
    assert.equal(Buffer.from(encodedFields(fields) ?? []).toString(), JSON.stringify(fields));
    assert.equal(encodedFields({ 'f:spec': {} }), undefined);
  });

  test('whatever is created', () => {
    const text = fc.constantFrom('', 'a', 'b', '"', 'é');
    const labels = fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'x/"y'), text, { maxKeys: 3 });
    const amounts = fc.dictionary(fc.constantFrom('cpu', 'memory', 'x/y'), fc.constant('1'), { maxKeys: 3 });
    const ports = fc.array(
      fc.record(
        { containerPort: fc.nat(3), protocol: fc.constantFrom('TCP', 'UDP'), name: text },
        { requiredKeys: ['containerPort'] },
      ),
      { maxLength: 4 },
    );
    const containers = fc.array(
      fc.record(
        {
          name: text,
          image: text,
          ports,
          resources: fc.record({ limits: amounts }, { requiredKeys: [] }),
          args: fc.array(text, { maxLength: 2 }),
        },
        { requiredKeys: ['name'] },
      ),
      { maxLength: 3 },
    );
    const spec = fc.record(
      {
        containers,
        nodeSelector: labels,
        priority: fc.nat(2),
        securityContext: fc.constantFrom({}, null, { runAsUser: 0 }),
      },
      { requiredKeys: [] },
    );
    const metadata = fc.record(
      { labels, annotations: labels, finalizers: fc.array(text, { maxLength: 3 }), name: text, uid: text },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.record({ metadata, spec, status: fc.constantFrom({}, { phase: 'x' }) }), (object) =>
        assertSame(podKind, object),
      ),
      { numRuns: 500, interruptAfterTimeLimit: 1000 },
    );
  });
});
