import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StatusError } from '../kinds/status.ts';
import { negotiate, wantsPretty } from './negotiate.ts';

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const oldTable = 'application/json;as=Table;v=v1beta1;g=meta.k8s.io';
const metadata = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const metadataList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const protobuf = 'application/vnd.kubernetes.protobuf';
const yaml = 'application/yaml';

describe('the form of an answer', () => {
  const cases: [name: string, accept: string | undefined, expected: string][] = [
    ['nothing said', undefined, 'json Object v1'],
    ['an empty header', '', 'json Object v1'],
    ['JSON', 'application/json', 'json Object v1'],
    ['anything', '*/*', 'json Object v1'],
    ['any application type', 'application/*', 'json Object v1'],
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'json Object v1'],
    ['YAML', yaml, 'yaml Object v1'],
    ['upper case', 'Application/YAML', 'yaml Object v1'],
    ['the first of equals', `${yaml}, application/json`, 'yaml Object v1'],
    ['the better by quality', `${yaml};q=0.5, application/json;q=0.9`, 'json Object v1'],
    ['what kubectl get sends', `${table},${oldTable},application/json`, 'json Table v1'],
    ['an older kubectl', `${oldTable},application/json`, 'json Table v1beta1'],
    ['protobuf when there is a choice', `${protobuf},application/json`, 'json Object v1'],
    [
      'protobuf tables first, as metadata informers',
      `${protobuf};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,${metadata}`,
      'json PartialObjectMetadata v1',
    ],
    ['a list of metadata', metadataList, 'json PartialObjectMetadata v1'],
    [
      'a form that is unknown, with a fallback',
      'application/json;as=Other;v=v1;g=meta.k8s.io,application/json',
      'json Object v1',
    ],
    [
      'a group that is unknown, with a fallback',
      'application/json;as=Table;v=v1;g=x,application/json',
      'json Object v1',
    ],
    ['a character set', 'application/json; charset=utf-8', 'json Object v1'],
  ];
  for (const [name, accept, expected] of cases)
    test(name, () => {
      const { media, as, metaVersion } = negotiate(accept, { transforms: true });
      assert.equal(`${media} ${as} ${metaVersion}`, expected);
      // The second time it comes from memory.
      assert.deepEqual(negotiate(accept, { transforms: true }), { media, as, metaVersion });
    });

  test('a place without tables gives the object itself', () => {
    assert.equal(negotiate(`${table},application/json`, { transforms: false }).as, 'Object');
    assert.equal(negotiate(`${table},application/json`, { transforms: true }).as, 'Table');
  });

  const refusals: [name: string, accept: string, options: { transforms: boolean; watch?: boolean }][] = [
    ['protobuf alone', protobuf, { transforms: true }],
    ['text', 'text/plain', { transforms: true }],
    [
      'a table of a version that is none',
      'application/json;as=Table;v=v2;g=meta.k8s.io',
      { transforms: true },
    ],
    ['a table where there are none', table, { transforms: false }],
    ['a watch in YAML', yaml, { transforms: true, watch: true }],
  ];
  for (const [name, accept, options] of refusals)
    test(`${name} is 406`, () => {
      assert.throws(
        () => negotiate(accept, options),
        (error) =>
          error instanceof StatusError &&
          error.httpCode === 406 &&
          error.reason === 'NotAcceptable' &&
          error.message.startsWith('only the following media types are accepted: application/json'),
      );
    });

  test('made-up headers do not fill the memory', () => {
    for (let index = 0; index < 1_000; index++)
      assert.equal(negotiate(`application/json;x=${index}`, { transforms: true }).media, 'json');
    assert.equal(negotiate(`${table},application/json`, { transforms: true }).as, 'Table');
  });
});

describe('indented JSON', () => {
  const cases: [pretty: string | null, agent: string | undefined, expected: boolean][] = [
    [null, undefined, false],
    [null, 'kubectl/v1.36.0 (linux/amd64) kubernetes/abc', false],
    [null, 'curl/8.5.0', true],
    [null, 'Wget/1.21', true],
    [null, 'Mozilla/5.0 (X11; Linux x86_64)', true],
    [null, 'my-curl/1', false],
    ['true', undefined, true],
    ['1', undefined, true],
    ['false', 'curl/8.5.0', false],
    ['0', 'curl/8.5.0', false],
    // No truth value at all counts as false, a bare parameter as not given.
    ['yes', 'curl/8.5.0', false],
    ['', 'curl/8.5.0', true],
    ['', undefined, false],
  ];
  for (const [pretty, agent, expected] of cases)
    test(`pretty=${pretty} for ${agent}: ${expected}`, () =>
      assert.equal(wantsPretty(pretty, agent), expected));
});
