/** What a Node and the ServiceCIDRs say of the network that a proxy works in. */
import type { Node, ServiceCIDR } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { type Cidr, parseCidr } from '../lib/cidr.ts';
import { canonicalAddress } from '../lib/ip.ts';
import type { NodeNetwork } from './layout.ts';

const zoneLabel = 'topology.kubernetes.io/zone';

const parsed = (texts: readonly string[]): Cidr[] =>
  texts.flatMap((text) => {
    const cidr = parseCidr(text);
    return cidr === undefined ? [] : [{ family: cidr.family, base: cidr.base, prefix: cidr.prefix }];
  });

export function nodeNetworkOf(node: Node, serviceCidrs: readonly ServiceCIDR[]): NodeNetwork {
  const { spec, status, metadata } = node;
  const internal = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP');
  const zone = getOwn(metadata.labels, zoneLabel);
  const ranges = serviceCidrs
    .filter((each) => each.metadata.deletionTimestamp === undefined)
    .flatMap((each) => each.spec?.cidrs ?? []);
  return {
    node: metadata.name ?? '',
    ...(zone === undefined ? {} : { zone }),
    nodeAddresses: [...new Set(internal.flatMap(({ address }) => canonicalAddress(address) ?? []))].sort(),
    podCidrs: outermost(parsed(spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]))),
    serviceCidrs: outermost(parsed([...new Set(ranges)].sort())),
  };
}

/** Without ranges that lie in others: nft refuses overlaps. */
function outermost(cidrs: readonly Cidr[]): Cidr[] {
  const isWithin = (inner: Cidr, outer: Cidr) =>
    inner !== outer &&
    inner.family === outer.family &&
    outer.prefix < inner.prefix &&
    inner.base >> BigInt((inner.family === 'IPv4' ? 32 : 128) - outer.prefix) ===
      outer.base >> BigInt((inner.family === 'IPv4' ? 32 : 128) - outer.prefix);
  return cidrs.filter((cidr) => !cidrs.some((other) => isWithin(cidr, other)));
}
