/**
 * What may change in the template of a Job that is there. Source of behaviour: validatePodTemplateUpdate of
 * pkg/apis/batch/validation and the strategy of pkg/registry/batch/job of Kubernetes; KEP-2926 (scheduling directives),
 * KEP-5440 (resources, and Jobs that have run before).
 */
import { type FieldError, invalid, path } from '../field.ts';
import type { Container, Job, PodTemplateSpec } from '../generated/types.ts';
import { validateImmutable } from '../pod/checks.ts';
import { semanticEqual } from '../pod/equality.ts';

const at = path('spec', 'template');

/**
 * While a Job stands still, where its pods may run and what they take is open: no pod of the template that was is left.
 * It has to have stood still before the update, which may resume it.
 */
function isOpen({ spec, status }: Job): boolean {
  if (spec?.suspend !== true || (status?.active ?? 0) > 0) return false;
  const isSuspended = status?.conditions?.some((each) => each.type === 'Suspended' && each.status === 'True');
  return status?.startTime === undefined || isSuspended === true;
}

const withoutResources = (containers: readonly Container[] | undefined) =>
  containers?.map((container) => ({ ...container, resources: undefined }));

/** The template without what is open. */
function closedPart(template: PodTemplateSpec | undefined) {
  const { nodeAffinity: _, ...affinity } = template?.spec?.affinity ?? {};
  return {
    ...template,
    metadata: { ...template?.metadata, labels: undefined, annotations: undefined },
    spec: {
      ...template?.spec,
      affinity: Object.keys(affinity).length === 0 ? undefined : affinity,
      nodeSelector: undefined,
      tolerations: undefined,
      schedulingGates: undefined,
      containers: withoutResources(template?.spec?.containers),
      initContainers: withoutResources(template?.spec?.initContainers),
    },
  };
}

export function validateTemplateUpdate(job: Job, old: Job): FieldError[] {
  const template = job.spec?.template;
  const before = old.spec?.template;
  if (!isOpen(old) || semanticEqual(template, before)) return validateImmutable(template, before, at);
  return semanticEqual(closedPart(template), closedPart(before))
    ? []
    : [invalid(at, template, 'field is immutable')];
}
