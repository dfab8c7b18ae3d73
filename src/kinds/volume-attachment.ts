import { ageColumn, nameColumn, textColumn } from './columns.ts';
import { type FieldError, path, required } from './field.ts';
import type { VolumeAttachment } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { validateDriverName } from './persistent-volume-source.ts';
import { requireText, validateDNS1123Subdomain, validateImmutable } from './pod/checks.ts';

function validate({ spec }: VolumeAttachment): FieldError[] {
  const at = path('spec');
  const { attacher = '', nodeName = '', source = {} } = spec ?? {};
  const errors = [
    ...validateDriverName(attacher, at.child('attacher')),
    ...(nodeName === ''
      ? requireText(nodeName, at.child('nodeName'))
      : validateDNS1123Subdomain(nodeName, at.child('nodeName'))),
  ];
  const { inlineVolumeSpec, persistentVolumeName } = source;
  if (inlineVolumeSpec === undefined && persistentVolumeName === undefined)
    errors.push(
      required(at.child('source'), 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'),
    );
  else if (persistentVolumeName !== undefined)
    errors.push(...requireText(persistentVolumeName, at.child('source', 'persistentVolumeName')));
  return errors;
}

function defaults(attachment: VolumeAttachment): void {
  attachment.status ??= { attached: false };
  attachment.status.attached ??= false;
}

export const volumeAttachment = defineKind<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  scope: 'Cluster',
  subresources: ['status'],
  statusKeeps: 'metadata',
  unconditionalUpdate: false,
  defaults,
  prepareCreate: defaults,
  validate,
  validateUpdate: (attachment, old) => validateImmutable(attachment.spec, old.spec, path('spec')),
  columns: [
    nameColumn,
    { ...textColumn<VolumeAttachment>('Attacher', ({ spec }) => spec?.attacher ?? ''), format: 'name' },
    textColumn<VolumeAttachment>('PV', ({ spec }) => spec?.source?.persistentVolumeName ?? ''),
    textColumn<VolumeAttachment>('Node', ({ spec }) => spec?.nodeName ?? ''),
    { name: 'Attached', type: 'boolean', of: ({ status }) => status?.attached ?? false },
    ageColumn,
  ],
  example: {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name: 'disk-1-node-1' },
    spec: { attacher: 'disk.example.com', nodeName: 'node-1', source: { persistentVolumeName: 'disk-1' } },
  },
});
