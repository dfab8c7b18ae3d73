/**
 * What may change in a pod: images, the deadline, more tolerations, fewer gates, and a gated pod's node affinity.
 * Source of rules and wording: pkg/apis/core/validation of Kubernetes.
 */
import { type FieldError, forbidden, invalid, path, required } from '../field.ts';
import type {
  Container,
  NodeAffinity,
  NodeSelectorTerm,
  Pod,
  PodSpec,
  Toleration,
} from '../generated/types.ts';
import { getOwn } from '../object.ts';
import { inclusiveRange, int32Max } from './checks.ts';
import { compactDiff, semanticEqual } from './equality.ts';
import { validateAnnotationsUpdate } from './validate-annotations.ts';
import { specOf } from './validate-pod.ts';

const specPath = path('spec');

const updatableFields = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

type ContainerList = 'containers' | 'initContainers';

const sameLength = (spec: PodSpec, old: PodSpec, name: ContainerList): boolean =>
  (spec[name] ?? []).length === (old[name] ?? []).length;

function validateImages(spec: PodSpec, name: ContainerList): FieldError[] {
  return (spec[name] ?? []).flatMap((container, index) => {
    const at = specPath.child(name).index(index).child('image');
    const image = container.image ?? '';
    if (image === '') return [required(at, '')];
    return image.trim() === image ? [] : [invalid(at, image, 'must not have leading or trailing whitespace')];
  });
}

/** `stop`: there is no point in comparing further. */
function validateDeadline(spec: PodSpec, old: PodSpec): { errors: FieldError[]; stop: boolean } {
  const at = specPath.child('activeDeadlineSeconds');
  const now = spec.activeDeadlineSeconds;
  const before = old.activeDeadlineSeconds;
  if (now === undefined)
    return {
      errors:
        before === undefined
          ? []
          : [invalid(at, null, 'must not update from a positive integer to nil value')],
      stop: false,
    };
  if (now < 0 || now > int32Max)
    return { errors: [invalid(at, now, inclusiveRange(0, int32Max))], stop: true };
  if (before !== undefined && before < now)
    return { errors: [invalid(at, now, 'must be less than or equal to previous value')], stop: true };
  return { errors: [], stop: false };
}

function validateTolerationsKept(spec: PodSpec, old: PodSpec): FieldError[] {
  const identity = ({ key, operator, value, effect }: Toleration) =>
    JSON.stringify([key ?? '', operator ?? '', value ?? '', effect ?? '']);
  const now = new Set((spec.tolerations ?? []).map(identity));
  return (old.tolerations ?? []).every((toleration) => now.has(identity(toleration)))
    ? []
    : [
        forbidden(
          specPath.child('tolerations'),
          'existing toleration can not be modified except its tolerationSeconds',
        ),
      ];
}

function validateGatesOnlyDeleted(spec: PodSpec, old: PodSpec): FieldError[] {
  const before = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  return (spec.schedulingGates ?? []).flatMap((gate, index) =>
    before.has(gate.name)
      ? []
      : [
          forbidden(
            specPath.child('schedulingGates').index(index).child('name'),
            `only deletion is allowed, but found new scheduling gate '${gate.name}'`,
          ),
        ],
  );
}

function hasOnlyAdditions(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  const wasEmpty = lists.every((name) => (old[name] ?? []).length === 0);
  if (wasEmpty) return lists.every((name) => (term[name] ?? []).length === 0);
  return lists.every((name) => {
    const before = old[name] ?? [];
    return semanticEqual((term[name] ?? []).slice(0, before.length), before);
  });
}

/** Terms may only get narrower: a gated pod's owner has made up its mind about the rest. */
function validateNodeAffinity(now: NodeAffinity | undefined, old: NodeAffinity | undefined): FieldError[] {
  const field = 'requiredDuringSchedulingIgnoredDuringExecution';
  if (old?.[field] == null) return [];
  const at = specPath.child('affinity', 'nodeAffinity', field, 'nodeSelectorTerms');
  const before = old[field].nodeSelectorTerms ?? [];
  const terms = now?.[field]?.nodeSelectorTerms ?? [];
  if (before.length > 0 && before.length !== terms.length)
    return [invalid(at, terms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')];
  return before.flatMap((term, index) =>
    hasOnlyAdditions(terms[index] as NodeSelectorTerm, term)
      ? []
      : [invalid(at.index(index), terms[index], 'only additions are allowed (no mutations or deletions)')],
  );
}

/** Errors in what a gated pod may change, and takes those changes out of `munged`. */
function mungeGated(munged: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  const selector = munged.nodeSelector;
  if (!semanticEqual(selector, old.nodeSelector, 'nodeSelector')) {
    if (Object.entries(old.nodeSelector ?? {}).some(([key, value]) => getOwn(selector, key) !== value))
      errors.push(
        invalid(
          specPath.child('nodeSelector'),
          selector ?? null,
          'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
        ),
      );
    munged.nodeSelector = old.nodeSelector;
  }
  const before = old.affinity?.nodeAffinity;
  const now = munged.affinity?.nodeAffinity;
  if (semanticEqual(now, before)) return errors;
  errors.push(...validateNodeAffinity(now, before));
  const { podAffinity, podAntiAffinity } = munged.affinity ?? {};
  const bare = podAffinity == null && podAntiAffinity == null;
  if (old.affinity == null && bare) munged.affinity = undefined;
  else munged.affinity = { ...munged.affinity, nodeAffinity: before };
  return errors;
}

const withOldImages = (containers: Container[] | undefined, old: Container[] | undefined) =>
  containers?.map((container, index) => ({ ...container, image: old?.[index]?.image }));

/** Everything that may change is as it was; the rest is as asked. */
function mungeSpec(spec: PodSpec, old: PodSpec): PodSpec {
  const munged: PodSpec = {
    ...spec,
    containers: withOldImages(spec.containers, old.containers) ?? [],
    initContainers: withOldImages(spec.initContainers, old.initContainers),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
  };
  const grace = old.terminationGracePeriodSeconds;
  if (grace !== undefined && grace < 0 && munged.terminationGracePeriodSeconds === 1)
    munged.terminationGracePeriodSeconds = grace;
  return munged;
}

export function validatePodUpdate(pod: Pod, oldPod: Pod): FieldError[] {
  const spec = specOf(pod);
  const old = specOf(oldPod);
  const errors = validateAnnotationsUpdate(
    pod.metadata.annotations,
    oldPod.metadata.annotations,
    path('metadata', 'annotations'),
  );
  for (const name of ['containers', 'initContainers'] as const) {
    if (!sameLength(spec, old, name))
      return [...errors, forbidden(specPath.child(name), 'pod updates may not add or remove containers')];
    errors.push(...validateImages(spec, name));
  }
  const deadline = validateDeadline(spec, old);
  errors.push(...deadline.errors);
  if (deadline.stop) return errors;
  errors.push(...validateTolerationsKept(spec, old), ...validateGatesOnlyDeleted(spec, old));
  if (semanticEqual(spec, old)) return errors;

  const munged = mungeSpec(spec, old);
  if ((old.schedulingGates ?? []).length > 0) errors.push(...mungeGated(munged, old));
  if (!semanticEqual(munged, old))
    errors.push(
      forbidden(
        specPath,
        `pod updates may not change fields other than ${updatableFields.join(',')}\n${compactDiff(old, munged)}`,
      ),
    );
  return errors;
}
