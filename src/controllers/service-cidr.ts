/**
 * A ServiceCIDR says that it is ready, and does not go while an address of it, and of no other range, is in use.
 * Source: pkg/controller/servicecidrs, KEP-1880.
 */
import { type Change, patch, updateStatus } from '../client/change.ts';
import { defineController, type KeyMap, self } from '../client/controller.ts';
import { keyOf } from '../client/object-key.ts';
import type { View } from '../client/view.ts';
import type { Condition, IPAddress, ServiceCIDR } from '../kinds/generated/types.ts';
import { type Cidr, cidrContains, parseCidr } from '../lib/cidr.ts';
import { parseAddress } from '../lib/ip.ts';

const finalizer = 'networking.k8s.io/service-cidr-finalizer';

const isDeleting = (cidr: ServiceCIDR): boolean => cidr.metadata.deletionTimestamp !== undefined;

/** Ranges that wait for something to go are asked again when it may have. */
const deletingRanges = (view: View): string[] => view.list('ServiceCIDR').filter(isDeleting).map(keyOf);

const onAddress: KeyMap<IPAddress> = (_address, view, change) =>
  change.type === 'delete' ? deletingRanges(view) : [];

const onRange: KeyMap<ServiceCIDR> = (range, view) => [...self(range), ...deletingRanges(view)];

const rangesOf = (range: ServiceCIDR): Cidr[] =>
  (range.spec?.cidrs ?? []).map(parseCidr).filter((cidr) => cidr !== undefined);

function contains(range: ServiceCIDR, name: string): boolean {
  const address = parseAddress(name);
  return (
    address !== undefined && rangesOf(range).some((cidr) => cidrContains(cidr, address.family, address.value))
  );
}

/** An address of this range that no other range, one that stays, covers too. */
function isInUse(range: ServiceCIDR, view: View): boolean {
  const others = view
    .list('ServiceCIDR')
    .filter((other) => other.metadata.uid !== range.metadata.uid && !isDeleting(other));
  return view.list('IPAddress').some(({ metadata: { name = '' } }) => {
    return contains(range, name) && !others.some((other) => contains(other, name));
  });
}

function withCondition(
  range: ServiceCIDR,
  condition: Omit<Condition, 'lastTransitionTime'>,
  now: number,
): Change[] {
  const present = range.status?.conditions ?? [];
  const before = present.find(({ type }) => type === condition.type);
  const { status, reason, message } = condition;
  if (before?.status === status && before.reason === reason && before.message === message) return [];
  const lastTransitionTime =
    before?.status === status ? before.lastTransitionTime : `${new Date(now).toISOString().slice(0, 19)}Z`;
  const others = present.filter(({ type }) => type !== condition.type);
  return [
    updateStatus('ServiceCIDR', {
      ...range,
      status: { ...range.status, conditions: [...others, { ...condition, lastTransitionTime }] },
    }),
  ];
}

function finalizersPatch(range: ServiceCIDR, finalizers: readonly string[]): Change {
  const { uid, resourceVersion } = range.metadata;
  const value = finalizers.length > 0 ? finalizers : null;
  return patch('ServiceCIDR', keyOf(range), {
    patch: { metadata: { uid, resourceVersion, finalizers: value } },
  });
}

export const serviceCIDR = defineController({
  name: 'service-cidr',
  eventSource: 'service-cidr-controller',
  watches: { ServiceCIDR: onRange, IPAddress: onAddress },
  reconcile(key, view) {
    const range = view.get('ServiceCIDR', key);
    if (range === undefined) return [];
    const finalizers = range.metadata.finalizers ?? [];
    if (!isDeleting(range)) {
      // The finalizer comes first: a range that says it is ready can be relied on not to vanish.
      if (!finalizers.includes(finalizer)) return [finalizersPatch(range, [...finalizers, finalizer])];
      const ready = {
        type: 'Ready',
        status: 'True',
        reason: '',
        message: 'Kubernetes Service CIDR is ready',
      };
      return withCondition(range, ready, view.now());
    }
    if (!finalizers.includes(finalizer)) return [];
    if (!isInUse(range, view))
      return [
        finalizersPatch(
          range,
          finalizers.filter((each) => each !== finalizer),
        ),
      ];
    const terminating = {
      type: 'Ready',
      status: 'False',
      reason: 'Terminating',
      message:
        'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
    };
    return withCondition(range, terminating, view.now());
  },
});
