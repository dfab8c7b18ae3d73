import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ManagedFieldsEntry } from '../../kinds/generated/types.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { setOf } from './field-set.ts';
import { capUpdateManagers, identityOf, type Manager } from './managers.ts';
import { laterTime, podKind, someTime, written } from './testing.ts';

const owners = (object: AnyObject): string[] =>
  (object.metadata.managedFields ?? []).map(({ manager = '' }) => manager);

describe('managedFields in the request', () => {
  const created = written(
    podKind,
    undefined,
    { metadata: { name: 'x', labels: { run: 'x' } } },
    { manager: 'a' },
  );
  const send = (managedFields: unknown, subresource = ''): AnyObject => {
    const after = structuredClone(created);
    after.metadata.managedFields = managedFields as ManagedFieldsEntry[];
    return written(podKind, created, after, { manager: 'b', subresource, time: laterTime });
  };
  const mine = {
    manager: 'mine',
    operation: 'Update',
    apiVersion: 'v1',
    time: someTime,
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:dnsPolicy': {} } },
  };

  test('an empty entry forgets them, and updates do not track any more', () => {
    const reset = send([{}]);
    assert.equal(reset.metadata.managedFields, undefined);
    const after = structuredClone(reset);
    after.metadata.labels = { run: 'x' };
    assert.equal(written(podKind, reset, after, { manager: 'b' }).metadata.managedFields, undefined);
  });

  test('none are taken for not knowing them', () => {
    assert.deepEqual(owners(send([])), ['a']);
    assert.deepEqual(owners(send(undefined)), ['a']);
  });

  test('good ones are taken', () => {
    assert.deepEqual(send([mine]).metadata.managedFields, [mine]);
  });

  test('keys are put in order', () => {
    const element = (keys: string) => ({
      'f:spec': { 'f:containers': { 'k:{"name":"a"}': { 'f:ports': { [keys]: {} } } } },
    });
    const taken = send([{ ...mine, fieldsV1: element('k:{ "protocol":"TCP", "containerPort":80 }') }]);
    assert.deepEqual(taken.metadata.managedFields, [
      { ...mine, fieldsV1: element('k:{"containerPort":80,"protocol":"TCP"}') },
    ]);
  });

  test('bad ones are not taken', () => {
    assert.deepEqual(owners(send([{ ...mine, operation: 'Steal' }])), ['a']);
    assert.deepEqual(owners(send([{ ...mine, fieldsType: 'FieldsV2' }])), ['a']);
    assert.deepEqual(owners(send([{ ...mine, fieldsV1: { nonsense: {} } }])), ['a']);
    assert.deepEqual(owners(send([{ ...mine, fieldsV1: { 'f:a': 1 } }])), ['a']);
  });

  test('none are taken on a subresource', () => {
    assert.deepEqual(owners(send([mine], 'status')), ['a']);
  });
});

describe('the number of updaters', () => {
  const updater = (manager: string, minute: number, apiVersion = 'v1'): [string, Manager] => {
    const name = { manager, operation: 'Update', apiVersion, subresource: '' } as const;
    const time = `2026-11-21T10:${String(minute).padStart(2, '0')}:00Z`;
    return [identityOf(name), { ...name, time, set: setOf([`f:${manager}`]) }];
  };

  test('versions are not mixed, and the bucket is used again', () => {
    const managers = new Map([
      updater('ancient-changes', 30),
      ...Array.from({ length: 5 }, (_, index) => updater(`a${index}`, index)),
      ...Array.from({ length: 6 }, (_, index) => updater(`b${index}`, 10 + index, 'v2')),
    ]);
    capUpdateManagers(managers);
    assert.deepEqual(
      [...managers.values()].map(({ manager, apiVersion }) => `${manager} ${apiVersion}`).sort(),
      ['a0 v1', 'a3 v1', 'a4 v1', 'ancient-changes v1', ...[0, 1, 2, 3, 4, 5].map((index) => `b${index} v2`)],
    );
  });

  test('appliers do not count', () => {
    const appliers = Array.from({ length: 12 }, (_, index) => {
      const [, manager] = updater(`a${index}`, index);
      return { ...manager, operation: 'Apply' as const };
    });
    const managers = new Map(appliers.map((manager) => [identityOf(manager), manager]));
    capUpdateManagers(managers);
    assert.equal(managers.size, 12);
  });

  test('the oldest become one', () => {
    let live = written(
      podKind,
      undefined,
      { metadata: { name: 'a', labels: { m00: '1' } } },
      { manager: 'm00' },
    );
    for (let index = 1; index < 13; index++) {
      const name = `m${String(index).padStart(2, '0')}`;
      const after = structuredClone(live);
      after.metadata.labels = { ...after.metadata.labels, [name]: '1' };
      live = written(podKind, live, after, { manager: name, time: `2026-11-21T10:${name.slice(1)}:00Z` });
    }
    assert.deepEqual(owners(live), [
      'ancient-changes',
      ...Array.from({ length: 9 }, (_, index) => `m${String(index + 4).padStart(2, '0')}`),
    ]);
    assert.deepEqual(live.metadata.managedFields?.[0], {
      manager: 'ancient-changes',
      operation: 'Update',
      apiVersion: 'v1',
      time: '2026-11-21T10:03:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:metadata': { 'f:labels': { '.': {}, 'f:m00': {}, 'f:m01': {}, 'f:m02': {}, 'f:m03': {} } },
      },
    });
  });
});
