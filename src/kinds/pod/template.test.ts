import assert from 'node:assert/strict';
import { test } from 'node:test';
import { path } from '../field.ts';
import type { Deployment, PodTemplateSpec } from '../generated/types.ts';
import { placedContainers } from './containers.ts';
import { containerColumns, templateWarnings, validateTemplate } from './template.ts';

const at = path('spec', 'template');
const template: PodTemplateSpec = {
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [{ name: 'web', image: 'nginx:1' }, { name: 'log' }],
    terminationGracePeriodSeconds: -1,
  },
};

test('containers with their places', () => {
  const spec = {
    containers: [{ name: 'web' }, { name: 'log' }],
    initContainers: [{ name: 'init' }],
    ephemeralContainers: [{ name: 'debug' }],
  };
  assert.deepEqual(
    placedContainers(spec, path('spec')).map((placed) => `${placed.at} ${placed.container.name}`),
    [
      'spec.initContainers[0] init',
      'spec.containers[0] web',
      'spec.containers[1] log',
      'spec.ephemeralContainers[0] debug',
    ],
  );
});

test('labels and annotations of a template', () => {
  const errors = validateTemplate(
    {
      metadata: { labels: { 'a b': 'c' }, annotations: { 'a/b/c': '', big: 'x'.repeat(256 * 1024) } },
      spec: template.spec,
    },
    at,
  ).map((error) => error.field);
  assert.deepEqual(errors.slice(0, 3), [
    'spec.template.labels',
    'spec.template.annotations',
    'spec.template.annotations',
  ]);
});

test('who leaves a template alone is not warned again', () => {
  const warning =
    'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1';
  assert.deepEqual(templateWarnings(template, undefined, at), [warning]);
  assert.deepEqual(templateWarnings(template, structuredClone(template), at), []);
  assert.deepEqual(templateWarnings(template, { spec: { containers: [] } }, at), [warning]);
  assert.deepEqual(templateWarnings(undefined, template, at), []);
});

test('names and images of the containers', () => {
  const columns = containerColumns<Deployment>((object) => object.spec?.template);
  const object = { metadata: {}, spec: { selector: {}, template } } as Deployment;
  assert.deepEqual(
    columns.map((column) => [column.name, column.priority, column.of(object, 0)]),
    [
      ['Containers', 1, 'web,log'],
      ['Images', 1, 'nginx:1,'],
    ],
  );
});
