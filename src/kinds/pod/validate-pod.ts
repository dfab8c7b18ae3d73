/** A whole pod. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { type FieldError, forbidden, path } from '../field.ts';
import type { Pod, PodSpec } from '../generated/types.ts';
import { validatePodAnnotations, validateProfilesMatch } from './validate-annotations.ts';
import { validateImageBlanks } from './validate-containers.ts';
import { validatePodSpec } from './validate-spec.ts';

/** Read only. */
export const specOf = (pod: Pod): PodSpec => pod.spec ?? { containers: [] };

const specPath = path('spec');

/** A token needs an account to speak for. */
function validateTokens(spec: PodSpec): FieldError[] {
  if (spec.serviceAccountName) return [];
  return (spec.volumes ?? []).flatMap((volume, index) =>
    (volume.projected?.sources ?? []).flatMap((source, sourceIndex) =>
      source.serviceAccountToken == null
        ? []
        : [
            forbidden(
              specPath
                .child('volumes')
                .index(index)
                .child('projected', 'sources')
                .index(sourceIndex)
                .child('serviceAccountToken'),
              'must not be specified when serviceAccountName is not set',
            ),
          ],
    ),
  );
}

/** On create and on update. */
export function validatePod(pod: Pod): FieldError[] {
  const spec = specOf(pod);
  return [
    ...validatePodAnnotations(pod.metadata.annotations, spec, path('metadata', 'annotations')),
    ...validatePodSpec(spec, pod.metadata.name ?? '', specPath),
    ...validateTokens(spec),
    ...(['containers', 'initContainers'] as const).flatMap((name) =>
      (spec[name] ?? []).flatMap((container, index) =>
        validateImageBlanks(container, specPath.child(name).index(index)),
      ),
    ),
  ];
}

/** On create only. */
export function validatePodCreate(pod: Pod): FieldError[] {
  const spec = specOf(pod);
  const errors: FieldError[] = [];
  if ((spec.ephemeralContainers ?? []).length > 0)
    errors.push(forbidden(specPath.child('ephemeralContainers'), 'cannot be set on create'));
  if (spec.nodeName && (spec.schedulingGates ?? []).length > 0)
    errors.push(
      forbidden(specPath.child('nodeName'), 'cannot be set until all schedulingGates have been cleared'),
    );
  return [...errors, ...validateProfilesMatch(pod.metadata.annotations, spec, specPath)];
}
