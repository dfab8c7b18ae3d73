import { nameColumn, textColumn } from './columns.ts';
import type { ComponentCondition, ComponentStatus } from './generated/types.ts';
import { defineKind } from './kind.ts';

const healthy = (component: ComponentStatus): ComponentCondition | undefined =>
  component.conditions?.find((condition) => condition.type === 'Healthy');

/** Not stored: the API server makes them up when asked. */
export const componentStatus = defineKind<ComponentStatus>({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  plural: 'componentstatuses',
  scope: 'Cluster',
  shortNames: ['cs'],
  verbs: ['get', 'list'],
  warnings: () => ['v1 ComponentStatus is deprecated in v1.19+'],
  columns: [
    nameColumn,
    textColumn<ComponentStatus>('Status', (component) => {
      const condition = healthy(component);
      if (condition === undefined) return 'Unknown';
      return condition.status === 'True' ? 'Healthy' : 'Unhealthy';
    }),
    textColumn<ComponentStatus>('Message', (component) => healthy(component)?.message ?? ''),
    textColumn<ComponentStatus>('Error', (component) => healthy(component)?.error ?? ''),
  ],
  example: {
    apiVersion: 'v1',
    kind: 'ComponentStatus',
    metadata: { name: 'scheduler' },
    conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
  },
});
