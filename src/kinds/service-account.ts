import { ageColumn, nameColumn, textColumn } from './columns.ts';
import type { ServiceAccount } from './generated/types.ts';
import { defineKind } from './kind.ts';

export const serviceAccount = defineKind<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  scope: 'Namespaced',
  shortNames: ['sa'],
  subresources: ['token'],
  columns: [
    nameColumn,
    textColumn<ServiceAccount>('Secrets', (account) => account.secrets?.length ?? 0),
    ageColumn,
  ],
  example: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot', namespace: 'default' } },
});
