import { listColumn, validateWebhooks, webhookDefaults } from './admission-rules.ts';
import { ageColumn, nameColumn } from './columns.ts';
import type { ValidatingWebhookConfiguration } from './generated/types.ts';
import { defineKind } from './kind.ts';

export const validatingWebhookConfiguration = defineKind<ValidatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  scope: 'Cluster',
  categories: ['api-extensions'],
  generation: true,
  unconditionalUpdate: false,
  defaults: (configuration) => {
    webhookDefaults(configuration.webhooks);
  },
  validate: (configuration) => validateWebhooks(configuration.webhooks),
  columns: [
    nameColumn,
    listColumn<ValidatingWebhookConfiguration>('Webhooks', (configuration) => configuration.webhooks),
    ageColumn,
  ],
  example: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'checks' },
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
