import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Secret } from '../kinds/generated/types.ts';
import { pullCredentials, repositoryOf } from './pull-credentials.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** `{ 'registry.example': 'user:secret' }` */
const secretOf = (entries: Record<string, string>): Secret => ({
  metadata: { name: 's' },
  type: 'kubernetes.io/dockerconfigjson',
  data: {
    '.dockerconfigjson': base64(
      JSON.stringify({
        auths: Object.fromEntries(
          Object.entries(entries).map(([key, auth]) => [key, { auth: base64(auth) }]),
        ),
      }),
    ),
  },
});

const usersFor = (image: string, ...secrets: Secret[]) =>
  pullCredentials(image, secrets).map(({ username }) => username);

describe('which registry an image is in', () => {
  for (const [image, repository] of [
    ['nginx', 'docker.io/library/nginx'],
    ['nginx:1.27', 'docker.io/library/nginx'],
    ['team/app@sha256:abc', 'docker.io/team/app'],
    ['localhost/app', 'localhost/app'],
    ['registry.example:5000/team/app:2', 'registry.example:5000/team/app'],
    ['index.docker.io/library/nginx', 'docker.io/library/nginx'],
  ] as const)
    test(image, () => assert.equal(repositoryOf(image), repository));
});

describe('who asks for an image', () => {
  const cases: readonly (readonly [string, string, Record<string, string>, readonly string[]])[] = [
    ['the host alone', 'registry.example/app:1', { 'registry.example': 'a:1' }, ['a']],
    ['with scheme and version', 'registry.example/app:1', { 'https://registry.example/v1/': 'a:1' }, ['a']],
    ['another host', 'registry.example/app:1', { 'other.example': 'a:1' }, []],
    ['another port', 'registry.example:5000/app:1', { 'registry.example': 'a:1' }, []],
    [
      'the more exact path first',
      'registry.example/team/app:1',
      { 'registry.example': 'host:1', 'registry.example/team': 'team:1', 'registry.example/else': 'no:1' },
      ['team', 'host'],
    ],
    ['a pattern', 'eu.registry.example/app:1', { '*.registry.example': 'a:1' }, ['a']],
    ['a pattern stands for one label', 'a.b.registry.example/app:1', { '*.registry.example': 'a:1' }, []],
    ['the default registry', 'nginx:1', { 'https://index.docker.io/v1/': 'a:1' }, ['a']],
    ['the default registry by its other name', 'nginx:1', { 'docker.io': 'a:1' }, ['a']],
    [
      'the default registry is for no other',
      'registry.example/nginx:1',
      { 'https://index.docker.io/v1/': 'a:1' },
      [],
    ],
    [
      'stars between other letters',
      'registry.example/app:1',
      { 'r*s?r*y.ex*e': 'a:1', 'r*x.example': 'b:1' },
      ['a'],
    ],
    [
      'more stars than anybody needs',
      `${'a'.repeat(60)}.example/app:1`,
      { [`${'*a'.repeat(30)}*b.example`]: 'a:1' },
      [],
    ],
    [
      'a key that is a name of every object',
      'constructor/app:1',
      { __proto__x: 'a:1', constructor: 'b:1' },
      [],
    ],
  ];
  for (const [what, image, entries, users] of cases)
    test(what, () => assert.deepEqual(usersFor(image, secretOf(entries)), users));

  test('name and password apart, in the old format', () => {
    const secret: Secret = {
      metadata: { name: 's' },
      type: 'kubernetes.io/dockercfg',
      data: { '.dockercfg': base64('{"registry.example":{"username":"u","password":"p:q"}}') },
    };
    assert.deepEqual(pullCredentials('registry.example/app:1', [secret]), [
      { username: 'u', password: 'p:q' },
    ]);
  });

  test('a secret of another type is none', () => {
    const secret = { ...secretOf({ 'registry.example': 'a:1' }), type: 'Opaque' };
    assert.deepEqual(usersFor('registry.example/app:1', secret), []);
  });

  for (const [what, text, message] of [
    ['no JSON', '{', /JSON/],
    [
      'auth without a colon',
      '{"auths":{"r.example":{"auth":"YQ=="}}}',
      /must be formatted as base64\(username:password\)/,
    ],
  ] as const)
    test(`${what} is an error`, () => {
      const secret = { ...secretOf({}), data: { '.dockerconfigjson': base64(text) } };
      assert.throws(() => pullCredentials('r.example/a:1', [secret]), { code: 'PULL_SECRET', message });
    });

  test('any text in a secret is read or refused in words', () => {
    fc.assert(
      fc.property(fc.string(), fc.json(), (key, json) => {
        const text = base64(`{"auths":{${JSON.stringify(key)}:${json}}}`);
        try {
          pullCredentials('r.example/a:1', [{ ...secretOf({}), data: { '.dockerconfigjson': text } }]);
        } catch (failure) {
          assert.equal((failure as { code?: string }).code, 'PULL_SECRET');
        }
      }),
      { interruptAfterTimeLimit: 2000 },
    );
  });
});
