/** PodTemplates. Source of behaviour: pkg/registry/core/podtemplate of Kubernetes. */
import { labelsCell, nameColumn, textColumn } from './columns.ts';
import { path } from './field.ts';
import type { PodTemplate } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { defaultPodTemplate } from './pod/defaults.ts';
import { containerColumns, templateWarnings, validateTemplate } from './pod/template.ts';

const templatePath = path('template');

export const podTemplate = defineKind<PodTemplate>({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  scope: 'Namespaced',
  generation: true,
  defaults: (object) => {
    object.template ??= {};
    defaultPodTemplate(object.template);
  },
  validate: (object) => validateTemplate(object.template, templatePath),
  warnings: (object, old) => templateWarnings(object.template, old?.template, templatePath),
  columns: [
    nameColumn,
    ...containerColumns<PodTemplate>((object) => object.template, 0),
    textColumn('Pod Labels', (object: PodTemplate) => labelsCell(object.template?.metadata?.labels)),
  ],
  example: {
    apiVersion: 'v1',
    kind: 'PodTemplate',
    metadata: { name: 'web', namespace: 'default' },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'nginx:1.29' }] },
    },
  },
});
