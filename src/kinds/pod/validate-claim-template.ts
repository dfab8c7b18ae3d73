/**
 * Claims inside other objects: in a generic ephemeral volume, in a StatefulSet.
 * Source of rules and wording: ValidatePersistentVolumeClaimTemplate in pkg/apis/core/validation of Kubernetes.
 */
import { type FieldError, forbidden, type Path } from '../field.ts';
import type { PersistentVolumeClaimTemplate } from '../generated/types.ts';
import { validateLabels } from '../label-selector.ts';
import { validateAnnotations } from '../metadata.ts';
import { validateClaimSpec } from '../persistent-volume-claim.ts';

/** The claim of an ephemeral volume has its name from the pod, so its metadata holds labels and annotations only. */
export function validateClaimTemplate(template: PersistentVolumeClaimTemplate, at: Path): FieldError[] {
  const metadata = template.metadata ?? {};
  const errors = [
    ...validateAnnotations(metadata.annotations, at.child('metadata', 'annotations')),
    ...validateLabels(metadata.labels, at.child('metadata', 'labels')),
  ];
  for (const [name, value] of Object.entries(metadata))
    if (name !== 'annotations' && name !== 'labels' && value != null && value !== '')
      errors.push(forbidden(at.child('metadata', name), 'cannot be set'));
  return [...errors, ...validateClaimSpec(template.spec ?? {}, at.child('spec'))];
}
