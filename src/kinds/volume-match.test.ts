import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
} from './generated/types.ts';
import { bestVolume, volumeMismatch } from './volume-match.ts';

const volume = (
  name: string,
  spec: Partial<PersistentVolumeSpec> = {},
  phase = 'Available',
): PersistentVolume => ({
  metadata: { name, labels: { name } },
  spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], ...spec },
  status: { phase },
});
const claim = (spec: Partial<PersistentVolumeClaimSpec> = {}): PersistentVolumeClaim => ({
  metadata: { namespace: 'default', name: 'data', uid: 'claim-1' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});

describe("why a volume cannot be a claim's", () => {
  const cases: Record<
    string,
    readonly [Partial<PersistentVolumeSpec>, Partial<PersistentVolumeClaimSpec>, string | undefined]
  > = {
    'it can': [{}, {}, undefined],
    'too small': [{ capacity: { storage: '1023Mi' } }, {}, 'requested PV is too small'],
    'another class': [{ storageClassName: 'fast' }, {}, 'storageClassName does not match'],
    'another attributes class': [
      { volumeAttributesClassName: 'gold' },
      {},
      'volumeAttributesClassName does not match',
    ],
    'another volume mode': [{}, { volumeMode: 'Block' }, 'incompatible volumeMode'],
    'another access mode': [{}, { accessModes: ['ReadWriteMany'] }, 'incompatible accessMode'],
    'more access modes than asked for': [{ accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }, {}, undefined],
  };
  for (const [name, [of, wanted, why]] of Object.entries(cases))
    test(name, () => assert.equal(volumeMismatch(volume('v', of), claim(wanted)), why));
});

describe('the best volume', () => {
  const nameOf = (volumes: readonly PersistentVolume[], options = {}, wanted = claim()) =>
    bestVolume(volumes, wanted, options)?.metadata.name;
  const onNode = (node: string): Partial<PersistentVolumeSpec> => ({
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'host', operator: 'In', values: [node] }] }],
      },
    },
  });
  const kept = { claimRef: { namespace: 'default', name: 'data' } };
  test('is the one that is kept for the claim, also when others are smaller', () =>
    assert.equal(nameOf([volume('a'), volume('b', { ...kept, capacity: { storage: '9Gi' } })]), 'b'));
  test('is not one that is kept for another claim of the name', () =>
    assert.equal(nameOf([volume('a', { claimRef: { ...kept.claimRef, uid: 'claim-0' } })]), undefined));
  test('has the fewest access modes, then the least room, then the first name', () =>
    assert.equal(
      nameOf([
        volume('a', { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }),
        volume('b', { capacity: { storage: '2Gi' } }),
        volume('d'),
        volume('c'),
      ]),
      'c',
    ));
  test('is free', () => {
    const deleted = { ...volume('a'), metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } };
    assert.equal(nameOf([deleted, volume('b', {}, 'Released'), volume('c', {}, 'Pending')]), undefined);
  });
  test('has the labels that are asked for', () =>
    assert.equal(
      nameOf([volume('a'), volume('b')], {}, claim({ selector: { matchLabels: { name: 'b' } } })),
      'b',
    ));
  test('is reachable from the node, and not taken yet', () => {
    const volumes = [volume('a', onNode('x')), volume('b', onNode('y')), volume('c', onNode('y'))];
    const node = { name: 'y', labels: { host: 'y' } };
    assert.equal(nameOf(volumes, { node }), 'b');
    assert.equal(nameOf(volumes, { node, taken: new Set(['b']) }), 'c');
  });
  test('is none while nothing is to be taken', () =>
    assert.equal(nameOf([volume('a')], { onlyKept: true }), undefined));
});
