/**
 * What a LimitRange allows: least and most of each resource, and how far limits may exceed requests.
 * Source of rules and wording: plugin/pkg/admission/limitranger of Kubernetes.
 */
import type { LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../kinds/generated/types.ts';
import { type AmountMap, readAmounts } from '../../kinds/pod/amounts.ts';
import { resourceEntries } from '../../kinds/quantities.ts';
import { declaredAmounts } from '../../kinds/quota/pod-resources.ts';
import { milliValue, type Quantity } from '../../lib/quantity.ts';

interface Measured {
  readonly type: string;
  readonly requests: AmountMap;
  readonly limits: AmountMap;
}

const isLess = (left: Quantity, right: Quantity): boolean => milliValue(left) < milliValue(right);

function belowMin(name: string, min: Quantity, { type, requests, limits }: Measured): string | undefined {
  const bound = `minimum ${name} usage per ${type} is ${min.text}`;
  const [request, limit] = [requests.get(name), limits.get(name)];
  if (request === undefined) return `${bound}.  No request is specified`;
  if (isLess(request, min)) return `${bound}, but request is ${request.text}`;
  if (limit !== undefined && isLess(limit, min)) return `${bound}, but limit is ${limit.text}`;
  return undefined;
}

function aboveMax(name: string, max: Quantity, { type, requests, limits }: Measured): string | undefined {
  const bound = `maximum ${name} usage per ${type} is ${max.text}`;
  const [request, limit] = [requests.get(name), limits.get(name)];
  if (limit === undefined) return `${bound}.  No limit is specified`;
  if (isLess(max, limit)) return `${bound}, but limit is ${limit.text}`;
  if (request !== undefined && isLess(max, request)) return `${bound}, but request is ${request.text}`;
  return undefined;
}

/** A claim has no limits: its request is held against the most. */
function requestAboveMax(name: string, max: Quantity, { type, requests }: Measured): string | undefined {
  const bound = `maximum ${name} usage per ${type} is ${max.text}`;
  const request = requests.get(name);
  if (request === undefined) return `${bound}.  No request is specified`;
  return isLess(max, request) ? `${bound}, but request is ${request.text}` : undefined;
}

function aboveRatio(name: string, most: Quantity, { type, requests, limits }: Measured): string | undefined {
  const bound = `${name} max limit to request ratio per ${type} is ${most.text}`;
  const request = milliValue(requests.get(name) ?? nothing);
  const limit = milliValue(limits.get(name) ?? nothing);
  if (request === 0n) return `${bound}, but no request is specified or request is 0`;
  if (limit === 0n) return `${bound}, but no limit is specified or limit is 0`;
  const ratio = Number(limit) / Number(request);
  return ratio * 1000 > Number(milliValue(most))
    ? `${bound}, but provided ratio is ${ratio.toFixed(6)}`
    : undefined;
}

const nothing: Quantity = { nanos: 0n, format: 'DecimalSI', text: '0' };

type Rule = (name: string, bound: Quantity, measured: Measured) => string | undefined;
type Bounds = 'min' | 'max' | 'maxLimitRequestRatio';

function problems(item: LimitRangeItem, measured: Measured, rules: readonly [Bounds, Rule][]): string[] {
  return rules.flatMap(([field, rule]) =>
    resourceEntries(item[field]).flatMap(([name, bound]) => rule(name, bound, measured) ?? []),
  );
}

const podRules: readonly [Bounds, Rule][] = [
  ['min', belowMin],
  ['max', aboveMax],
  ['maxLimitRequestRatio', aboveRatio],
];

const claimRules: readonly [Bounds, Rule][] = [
  ['min', belowMin],
  ['max', requestAboveMax],
];

/** What the pod breaks, in the order of the rules. */
export function podProblems(limitRange: LimitRange, { spec }: Pod): string[] {
  if (spec === undefined) return [];
  return (limitRange.spec?.limits ?? []).flatMap((item) => {
    const { type } = item;
    if (type === 'Container')
      return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ resources }) => {
        const requests = readAmounts(resources?.requests);
        const limits = readAmounts(resources?.limits);
        return problems(item, { type, requests, limits }, podRules);
      });
    if (type !== 'Pod') return [];
    const requests = declaredAmounts(spec, 'requests');
    const limits = declaredAmounts(spec, 'limits');
    return problems(item, { type, requests, limits }, podRules);
  });
}

export function claimProblems(limitRange: LimitRange, { spec }: PersistentVolumeClaim): string[] {
  return (limitRange.spec?.limits ?? []).flatMap((item) => {
    const { type } = item;
    if (type !== 'PersistentVolumeClaim') return [];
    const requests = readAmounts(spec?.resources?.requests);
    return problems(item, { type, requests, limits: new Map() }, claimRules);
  });
}
