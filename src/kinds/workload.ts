/** What the workload kinds share. Source of rules and wording: pkg/apis/apps/validation of Kubernetes. */
import { countColumn } from './columns.ts';
import { type FieldError, forbidden, invalid, notSupported, type Path, required } from './field.ts';
import type { LabelSelector, PodTemplateSpec } from './generated/types.ts';
import type { Column, ScaleAccess } from './kind.ts';
import {
  isEmptySelector,
  isUsableSelector,
  selectorMatches,
  selectorText,
  validateLabelSelector,
} from './label-selector.ts';
import type { KubeObject } from './object.ts';
import { invalidEach, validateNonNegative } from './pod/checks.ts';

/** An absolute number, or a share of the replicas. */
export type IntOrPercent = number | string;

function isPercent(value: string): string[] {
  return /^[0-9]+%$/.test(value)
    ? []
    : [
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ];
}

export function validateIntOrPercent(value: IntOrPercent | undefined, at: Path): FieldError[] {
  if (typeof value === 'string') return invalidEach(at, value, isPercent(value));
  return validateNonNegative(value, at);
}

export function validateAtMost100Percent(value: IntOrPercent | undefined, at: Path): FieldError[] {
  return typeof value === 'string' && isPercent(value).length === 0 && Number.parseInt(value, 10) > 100
    ? [invalid(at, value, 'must not be greater than 100%')]
    : [];
}

/** Neither a number but 0 nor a percentage but 0%. */
export function isZeroOrPercent(value: IntOrPercent | undefined): boolean {
  return typeof value === 'string' ? !/^[0-9]*[1-9][0-9]*%?$/.test(value) : (value ?? 0) === 0;
}

/** `noun` is who the empty selector is invalid for: `deployment`. */
export function validateWorkloadSelector(
  selector: LabelSelector | undefined,
  noun: string,
  at: Path,
): FieldError[] {
  if (selector == null) return [required(at, '')];
  return [
    ...validateLabelSelector(selector, at),
    ...(isEmptySelector(selector) ? [invalid(at, selector, `empty selector is invalid for ${noun}`)] : []),
  ];
}

/** Pods made from the template must be the workload's own. `at` is the template's path. */
export function validateSelectorMatches(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  at: Path,
): FieldError[] {
  const labels = template?.metadata?.labels;
  return selectorMatches(selector, labels)
    ? []
    : [
        invalid(
          at.child('metadata', 'labels'),
          labels ?? null,
          '`selector` does not match template `labels`',
        ),
      ];
}

/** The same where an unusable selector has an error of its own; the empty one has been refused already. */
export function validateUsableSelectorMatches(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  at: { readonly selector: Path; readonly template: Path; readonly unusable: string },
): FieldError[] {
  if (selector != null && !isUsableSelector(selector)) return [invalid(at.selector, selector, at.unusable)];
  if (selector != null && isEmptySelector(selector)) return [];
  return validateSelectorMatches(selector, template, at.template);
}

/** Pods that are replaced when they end: they restart for ever and have no deadline. `noun` is the workload's kind. */
export function validateEndlessTemplate(
  template: PodTemplateSpec | undefined,
  noun: string,
  at: Path,
): FieldError[] {
  const errors: FieldError[] = [];
  const restartPolicy = template?.spec?.restartPolicy ?? '';
  if (restartPolicy !== 'Always')
    errors.push(notSupported(at.child('spec', 'restartPolicy'), restartPolicy, ['Always']));
  if (template?.spec?.activeDeadlineSeconds !== undefined)
    errors.push(
      forbidden(
        at.child('spec', 'activeDeadlineSeconds'),
        `activeDeadlineSeconds in ${noun} is not Supported`,
      ),
    );
  return errors;
}

/** Each of the counts is no less than 0. */
export function validateCounts<Counts extends object>(
  counts: Counts,
  names: readonly (keyof Counts & string)[],
  at: Path,
): FieldError[] {
  return names.flatMap((name) => validateNonNegative(counts[name] as number | undefined, at.child(name)));
}

/** None of the parts is more than the whole. */
export function validateParts<
  Counts extends { replicas?: number; readyReplicas?: number; availableReplicas?: number },
>(
  status: Counts,
  names: readonly (keyof Counts & string)[],
  at: Path,
  readyName = 'readyReplicas',
): FieldError[] {
  const errors = names.flatMap((name) => {
    const part = (status[name] as number | undefined) ?? 0;
    return part > (status.replicas ?? 0)
      ? [invalid(at.child(name), part, 'cannot be greater than status.replicas')]
      : [];
  });
  const available = status.availableReplicas ?? 0;
  if (available > (status.readyReplicas ?? 0))
    errors.push(invalid(at.child('availableReplicas'), available, `cannot be greater than ${readyName}`));
  return errors;
}

interface WithCollisions {
  status?: { collisionCount?: number };
}

/** The count of hash collisions only grows. */
export function validateCollisionCount(object: WithCollisions, old: WithCollisions, at: Path): FieldError[] {
  const now = object.status?.collisionCount;
  const before = old.status?.collisionCount;
  return before !== undefined && (now === undefined || now < before)
    ? [invalid(at.child('collisionCount'), now ?? 0, 'cannot be decremented')]
    : [];
}

/** Desired, Current and Ready of a set of replicas. */
export function replicaColumns<Type extends KubeObject>(
  desired: (object: Type) => number | undefined,
  status: (object: Type) => { replicas?: number; readyReplicas?: number } | undefined,
): readonly Column<Type>[] {
  return [
    countColumn('Desired', (object: Type) => desired(object) ?? 0),
    countColumn('Current', (object: Type) => status(object)?.replicas ?? 0),
    countColumn('Ready', (object: Type) => status(object)?.readyReplicas ?? 0),
  ];
}

interface Replicated extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas?: number };
}

/** The subresource scale of what says its replicas in `spec.replicas`. */
export const scaleBy = <Type extends Replicated>(
  selector: (object: Type) => LabelSelector | null | undefined,
): ScaleAccess<Type> => ({
  replicas: ({ spec }) => spec?.replicas ?? 0,
  setReplicas: (object, replicas) => {
    object.spec = { ...object.spec, replicas };
  },
  current: ({ status }) => status?.replicas ?? 0,
  selector: (object) => selectorText(selector(object)),
});
