/** Selectors made ready to be asked many times: what can be known about them is looked at once. */
import type { LabelSelector } from '../kinds/generated/types.ts';
import { isUsableSelector } from '../kinds/label-selector.ts';
import { getOwn } from '../kinds/object.ts';

export type Labels = Readonly<Record<string, string>>;
export type LabelMatch = (labels: Labels) => boolean;

export const noLabels: Labels = Object.freeze({});

const nothing: LabelMatch = () => false;

function requirementMatch(key: string, operator: string, values: readonly string[]): LabelMatch {
  switch (operator) {
    case 'In':
      return (labels) => {
        const value = getOwn(labels, key);
        return value !== undefined && values.includes(value);
      };
    case 'NotIn':
      return (labels) => {
        const value = getOwn(labels, key);
        return value === undefined || !values.includes(value);
      };
    case 'Exists':
      return (labels) => Object.hasOwn(labels, key);
    case 'DoesNotExist':
      return (labels) => !Object.hasOwn(labels, key);
    default:
      return nothing;
  }
}

/** As `selectorMatches`: none selects nothing, the empty one everything. */
export function compileSelector(selector: LabelSelector | null | undefined): LabelMatch {
  if (selector == null || !isUsableSelector(selector)) return nothing;
  const parts = [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => requirementMatch(key, 'In', [value])),
    ...(selector.matchExpressions ?? []).map(({ key, operator, values = [] }) =>
      requirementMatch(key, operator, values),
    ),
  ];
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  return (labels) => parts.every((part) => part(labels));
}
