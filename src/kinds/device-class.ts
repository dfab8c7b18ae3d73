import { ageColumn, nameColumn } from './columns.ts';
import type { DeviceClass } from './generated/types.ts';
import { defineKind } from './kind.ts';

export const deviceClass = defineKind<DeviceClass>({
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceClass',
  plural: 'deviceclasses',
  scope: 'Cluster',
  generation: true,
  defaults: (deviceClass) => {
    deviceClass.spec ??= {};
  },
  columns: [nameColumn, ageColumn],
  example: {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'DeviceClass',
    metadata: { name: 'gpu.example.com' },
    spec: { selectors: [{ cel: { expression: "device.driver == 'gpu.example.com'" } }] },
  },
});
