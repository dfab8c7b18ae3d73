/** A pod template, as workloads carry it. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { type FieldError, forbidden, type Path } from '../field.ts';
import type { PodSpec, PodTemplateSpec } from '../generated/types.ts';
import type { Column } from '../kind.ts';
import { validateLabels } from '../label-selector.ts';
import { validateAnnotations } from '../metadata.ts';
import type { KubeObject } from '../object.ts';
import { semanticEqual } from './equality.ts';
import { validatePodAnnotations, validateProfilesMatch } from './validate-annotations.ts';
import { validatePodSpec } from './validate-spec.ts';
import { podWarnings } from './warnings.ts';

const emptySpec: PodSpec = { containers: [] };

export function validateTemplate(template: PodTemplateSpec | undefined, at: Path): FieldError[] {
  const metadata = template?.metadata ?? {};
  const spec = template?.spec ?? emptySpec;
  const errors = [
    ...validateLabels(metadata.labels, at.child('labels')),
    ...validateAnnotations(metadata.annotations, at.child('annotations')),
    ...validatePodAnnotations(metadata.annotations, spec, at.child('annotations')),
    ...validatePodSpec(spec, undefined, at.child('spec')),
    ...validateProfilesMatch(metadata.annotations, spec, at.child('spec')),
  ];
  if ((spec.ephemeralContainers ?? []).length > 0)
    errors.push(
      forbidden(at.child('spec', 'ephemeralContainers'), 'ephemeral containers not allowed in pod template'),
    );
  return errors;
}

/** On update only when the template has changed: who leaves it alone is not told again. */
export function templateWarnings(
  template: PodTemplateSpec | undefined,
  old: PodTemplateSpec | undefined,
  at: Path,
): string[] {
  if (template === undefined || (old !== undefined && semanticEqual(template, old))) return [];
  return podWarnings(template.metadata ?? {}, template.spec ?? emptySpec, at);
}

type TemplateOf<Type extends KubeObject> = (object: Type) => PodTemplateSpec | undefined;

/** The names and the images of a template's containers. */
export function containerColumns<Type extends KubeObject>(
  templateOf: TemplateOf<Type>,
  priority: 0 | 1 = 1,
): readonly Column<Type>[] {
  const list = (object: Type, field: 'name' | 'image'): string =>
    (templateOf(object)?.spec?.containers ?? []).map((container) => container[field] ?? '').join(',');
  return [
    {
      name: 'Containers',
      type: 'string',
      priority,
      description: 'Names of each container in the template.',
      of: (object) => list(object, 'name'),
    },
    {
      name: 'Images',
      type: 'string',
      priority,
      description: 'Images referenced by each container in the template.',
      of: (object) => list(object, 'image'),
    },
  ];
}
