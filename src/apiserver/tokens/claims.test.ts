import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AnyObject } from '../../kinds/object.ts';
import { type Claims, claimsFrom, type Lookup, refusalOf, userOf } from './claims.ts';

const now = Date.UTC(2026, 0, 1);
const seconds = now / 1000;
const own = { namespace: 'default', serviceaccount: { name: 'robot', uid: 'r1' } };
const good: Claims = {
  aud: ['api'],
  exp: seconds + 600,
  iat: seconds,
  iss: 'https://issuer',
  jti: 'id-1',
  'kubernetes.io': own,
  nbf: seconds,
  sub: 'system:serviceaccount:default:robot',
};
const object = (uid: string, deletedSecondsAgo?: number): AnyObject => ({
  metadata: {
    uid,
    ...(deletedSecondsAgo === undefined
      ? {}
      : { deletionTimestamp: new Date(now - deletedSecondsAgo * 1000).toISOString() }),
  },
});
const world =
  (objects: Record<string, AnyObject>): Lookup =>
  ({ plural }, namespace, name) =>
    objects[`${plural}/${namespace}/${name}`];
const account = { 'serviceaccounts/default/robot': object('r1') };
const gone = 'service account token has been invalidated';

describe('whether a token still holds', () => {
  const bound = (more: object): Claims => ({ ...good, 'kubernetes.io': { ...own, ...more } });
  const pod = bound({ pod: { name: 'web', uid: 'p1' }, node: { name: 'node-1', uid: 'n1' } });
  const cases: Record<string, [Claims, Record<string, AnyObject>, string | undefined]> = {
    'while the account is there': [good, account, undefined],
    'the account is gone': [good, {}, gone],
    'it is another of the same name': [good, { 'serviceaccounts/default/robot': object('r2') }, gone],
    'it is on its way out': [good, { 'serviceaccounts/default/robot': object('r1', 59) }, undefined],
    'it has been for too long': [good, { 'serviceaccounts/default/robot': object('r1', 61) }, gone],
    'its time is over': [{ ...good, exp: seconds }, account, 'service account token has expired'],
    'its time has not come': [
      { ...good, nbf: seconds + 1 },
      account,
      'service account token is not valid yet',
    ],
    'the pod is there, its node no more': [pod, { ...account, 'pods/default/web': object('p1') }, undefined],
    'the pod is gone': [pod, { ...account, 'nodes//node-1': object('n1') }, gone],
    'bound to a node that is there': [
      bound({ node: { name: 'node-1', uid: 'n1' } }),
      { ...account, 'nodes//node-1': object('n1') },
      undefined,
    ],
    'bound to a node that is gone': [bound({ node: { name: 'node-1', uid: 'n1' } }), account, gone],
    'bound to a secret that is gone': [bound({ secret: { name: 's', uid: 's1' } }), account, gone],
  };
  for (const [name, [claims, objects, refused]] of Object.entries(cases))
    test(name, () => assert.equal(refusalOf(claims, world(objects), now), refused));
});

test('whom it stands for', () => {
  const claims: Claims = {
    ...good,
    'kubernetes.io': { ...own, pod: { name: 'web', uid: 'p1' }, node: { name: 'node-1' } },
  };
  const prefix = 'authentication.kubernetes.io';
  assert.deepEqual(userOf(claims), {
    name: 'system:serviceaccount:default:robot',
    uid: 'r1',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    extra: {
      [`${prefix}/credential-id`]: ['JTI=id-1'],
      [`${prefix}/node-name`]: ['node-1'],
      [`${prefix}/pod-name`]: ['web'],
      [`${prefix}/pod-uid`]: ['p1'],
    },
  });
});

describe('what is no claim of a service account', () => {
  const cases: Record<string, unknown> = {
    nothing: null,
    'a list': [],
    'no namespace': { ...good, 'kubernetes.io': { serviceaccount: own.serviceaccount } },
    'no account': { ...good, 'kubernetes.io': { namespace: 'default' } },
    'another subject': { ...good, sub: 'system:serviceaccount:default:else' },
    'no end': { ...good, exp: undefined },
    'an audience that is a text': { ...good, aud: 'api' },
    'a pod without a name': { ...good, 'kubernetes.io': { ...own, pod: { uid: 'p1' } } },
  };
  for (const [name, value] of Object.entries(cases))
    test(name, () => assert.equal(claimsFrom(value), undefined));
  test('and what is one', () => assert.deepEqual(claimsFrom({ ...good }), good));
});
