import { listColumn, validateWebhooks, webhookDefaults } from './admission-rules.ts';
import { ageColumn, nameColumn } from './columns.ts';
import type { MutatingWebhookConfiguration } from './generated/types.ts';
import { defineKind } from './kind.ts';

export const mutatingWebhookConfiguration = defineKind<MutatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  unconditionalUpdate: false,
  defaults: (configuration) => {
    webhookDefaults(configuration.webhooks);
    for (const hook of configuration.webhooks ?? []) hook.reinvocationPolicy ??= 'Never';
  },
  validate: (configuration) => validateWebhooks(configuration.webhooks),
  columns: [
    nameColumn,
    listColumn<MutatingWebhookConfiguration>('Webhooks', (configuration) => configuration.webhooks),
    ageColumn,
  ],
  example: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'changes' },
    webhooks: [
      {
        name: 'hook.example.com',
        clientConfig: { url: 'https://hook.example.com/check' },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  },
});
