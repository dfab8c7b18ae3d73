import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AnyObject } from '../../kinds/object.ts';
import {
  applied,
  config,
  containers,
  deploymentKind,
  fieldsOf,
  laterTime,
  owners,
  someTime,
  spec,
  written,
} from './testing.ts';

interface PodTemplate {
  template: { spec: { containers: { name: string; image?: string; env?: { name: string }[] }[] } };
}

const containersOf = (object: AnyObject) => (object.spec as PodTemplate).template.spec.containers;

describe('server-side apply', () => {
  const web = { name: 'web', image: 'web:1', ports: [{ containerPort: 80 }] };

  test('creates, and owns what was said', () => {
    const created = applied(deploymentKind, undefined, config({ replicas: 2, ...containers(web) }), {
      manager: 'a',
    });
    assert.equal(created.kind, 'Deployment');
    assert.equal(created.metadata.name, 'web');
    assert.equal(spec(created).replicas, 2);
    assert.deepEqual(created.metadata.managedFields, [
      {
        manager: 'a',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time: someTime,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:replicas': {},
            'f:template': {
              'f:spec': {
                'f:containers': {
                  'k:{"name":"web"}': {
                    '.': {},
                    'f:image': {},
                    'f:name': {},
                    'f:ports': {
                      'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ]);
  });

  test('the same again changes nothing, not even the time', () => {
    const first = applied(deploymentKind, undefined, config({ replicas: 2, ...containers(web) }), {
      manager: 'a',
    });
    const second = applied(deploymentKind, first, config({ replicas: 2, ...containers(web) }), {
      manager: 'a',
      time: laterTime,
    });
    assert.deepEqual(second, first);
  });

  test('what is not said any more goes, unless someone else owns it', () => {
    const labels = { a: '1', b: '2', c: '3' };
    const first = applied(deploymentKind, undefined, config({ paused: true }, { labels }), { manager: 'a' });
    const shared = applied(deploymentKind, first, config({}, { labels: { b: '2' } }), { manager: 'b' });
    const third = applied(deploymentKind, shared, config({}, { labels: { a: '1' } }), { manager: 'a' });
    assert.deepEqual(third.metadata.labels, { a: '1', b: '2' });
    assert.equal(spec(third).paused, undefined);
    assert.deepEqual(fieldsOf(third, 'a'), { 'f:metadata': { 'f:labels': { 'f:a': {} } }, 'f:spec': {} });
    assert.deepEqual(fieldsOf(third, 'b'), { 'f:metadata': { 'f:labels': { 'f:b': {} } }, 'f:spec': {} });
  });

  test('what nobody owns stays', () => {
    const live = written(deploymentKind, undefined, config({ replicas: 1, minReadySeconds: 5 }), {
      manager: 'u',
    });
    const after = applied(deploymentKind, live, config({ paused: true }), { manager: 'a' });
    assert.equal(spec(after).minReadySeconds, 5);
    assert.deepEqual(owners(after), ['a Apply', 'u Update']);
  });

  test('an element of a list goes with its last owner', () => {
    const sidecar = { name: 'sidecar', image: 's:1' };
    const first = applied(deploymentKind, undefined, config(containers(web, sidecar)), { manager: 'a' });
    const second = applied(deploymentKind, first, config(containers(web)), { manager: 'a' });
    assert.deepEqual(
      containersOf(second).map(({ name }) => name),
      ['web'],
    );
  });

  test('an element goes although another has written into it: it did not make it', () => {
    const sidecar = { name: 'sidecar', image: 's:1' };
    const first = applied(deploymentKind, undefined, config(containers(web, sidecar)), { manager: 'a' });
    const after = structuredClone(first);
    Object.assign(containersOf(after)[1] as object, { env: [{ name: 'X' }] });
    const updated = written(deploymentKind, first, after, { manager: 'u' });
    const second = applied(deploymentKind, updated, config(containers(web)), { manager: 'a' });
    assert.deepEqual(
      containersOf(second).map(({ name }) => name),
      ['web'],
    );
    assert.deepEqual(owners(second), ['a Apply']);
  });

  test('the order of a list is that of the configuration, what others own stays between', () => {
    const named = (...names: string[]) => containers(...names.map((name) => ({ name })));
    const live = written(deploymentKind, undefined, config(named('x', 'a', 'y', 'b', 'z')), { manager: 'u' });
    const after = applied(deploymentKind, live, config(named('b', 'new', 'a')), { manager: 'a' });
    assert.deepEqual(
      containersOf(after).map(({ name }) => name),
      ['x', 'y', 'b', 'z', 'new', 'a'],
    );
  });

  test('what status the object has is not a matter of applying the object', () => {
    const after = applied(
      deploymentKind,
      undefined,
      { ...config({ replicas: 1 }), status: { replicas: 7 } },
      { manager: 'a' },
    );
    assert.deepEqual(fieldsOf(after, 'a'), { 'f:spec': { 'f:replicas': {} } });
  });

  test('status through /status', () => {
    const live = applied(deploymentKind, undefined, config({ replicas: 1 }), { manager: 'a' });
    const after = applied(
      deploymentKind,
      live,
      { ...config({ replicas: 9 }), status: { replicas: 1 } },
      { manager: 'a', subresource: 'status' },
    );
    assert.deepEqual(
      after.metadata.managedFields?.map(({ subresource, fieldsV1 }) => [subresource, fieldsV1]),
      [
        [undefined, { 'f:spec': { 'f:replicas': {} } }],
        ['status', { 'f:status': { 'f:replicas': {} } }],
      ],
    );
  });

  test('the object and the configuration are not changed', () => {
    const live = applied(deploymentKind, undefined, config({ replicas: 2, ...containers(web) }), {
      manager: 'a',
    });
    const wanted = config({ paused: true, ...containers({ name: 'web', image: 'web:2' }) });
    const before = JSON.stringify([live, wanted]);
    applied(deploymentKind, live, wanted, { manager: 'a' });
    assert.equal(JSON.stringify([live, wanted]), before);
  });

  test('hostile keys are data', () => {
    const labels = JSON.parse('{"__proto__":"x","constructor":"y"}') as object;
    const after = applied(deploymentKind, undefined, config({}, { labels }), { manager: 'a' });
    assert.equal(JSON.stringify(after.metadata.labels), '{"__proto__":"x","constructor":"y"}');
    const gone = applied(deploymentKind, after, config({}, { labels: { constructor: 'y' } }), {
      manager: 'a',
    });
    assert.equal(JSON.stringify(gone.metadata.labels), '{"constructor":"y"}');
  });
});
