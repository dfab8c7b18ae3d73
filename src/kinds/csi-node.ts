import { ageColumn, countColumn, nameColumn } from './columns.ts';
import { duplicate, type FieldError, path } from './field.ts';
import type { CSINode } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateDriverName } from './persistent-volume-source.ts';
import { requireText } from './pod/checks.ts';

function validate({ spec }: CSINode): FieldError[] {
  const names = new Set<string>();
  return (spec?.drivers ?? []).flatMap(({ name = '', nodeID }, index) => {
    const at = path('spec', 'drivers').index(index);
    const errors = [
      ...validateDriverName(name, at.child('name')),
      ...requireText(nodeID, at.child('nodeID')),
    ];
    if (names.has(name)) errors.push(duplicate(at.child('name'), name));
    names.add(name);
    return errors;
  });
}

export const csiNode = defineKind<CSINode>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  scope: 'Cluster',
  unconditionalUpdate: false,
  validate,
  columns: [nameColumn, countColumn<CSINode>('Drivers', ({ spec }) => spec?.drivers?.length ?? 0), ageColumn],
  example: {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name: 'node-1' },
    spec: { drivers: [{ name: 'disk.example.com', nodeID: 'node-1' }] },
  },
});
