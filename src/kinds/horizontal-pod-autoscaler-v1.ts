import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerV2 } from './generated/types.ts';
import {
  autoscalerColumns,
  validateAutoscaler,
  validateAutoscalerStatus,
} from './horizontal-pod-autoscaler.ts';
import { fromAutoscalerV2, toAutoscalerV2 } from './horizontal-pod-autoscaler-conversion.ts';
import { defineKind } from './kind.ts';
import type { AnyObject } from './object.ts';

const asV2 = (autoscaler: HorizontalPodAutoscaler): HorizontalPodAutoscalerV2 =>
  toAutoscalerV2(autoscaler as unknown as AnyObject) as unknown as HorizontalPodAutoscalerV2;

function defaults(autoscaler: HorizontalPodAutoscaler): void {
  if (autoscaler.spec !== undefined) autoscaler.spec.minReplicas ??= 1;
  autoscaler.status ??= { currentReplicas: 0, desiredReplicas: 0 };
  autoscaler.status.currentReplicas ??= 0;
  autoscaler.status.desiredReplicas ??= 0;
}

export const horizontalPodAutoscalerV1 = defineKind<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  scope: 'Namespaced',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: ['status'],
  defaults,
  validate: (autoscaler) => validateAutoscaler(asV2(autoscaler)),
  validateStatusUpdate: (autoscaler) => validateAutoscalerStatus(asV2(autoscaler)),
  columns: autoscalerColumns.map((column) => ({
    ...column,
    of: (autoscaler: HorizontalPodAutoscaler, now: number) => column.of(asV2(autoscaler), now),
  })),
  storedAs: {
    group: 'autoscaling',
    version: 'v2',
    kind: 'HorizontalPodAutoscaler',
    toStored: toAutoscalerV2,
    fromStored: fromAutoscalerV2,
  },
  example: {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'api', namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      maxReplicas: 5,
      targetCPUUtilizationPercentage: 60,
    },
  },
});
