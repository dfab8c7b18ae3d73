/** What a Service asks of the load balancer, and whether two of them can have one address. */
import type { Service } from '../kinds/generated/types.ts';
import { getOwn } from '../kinds/object.ts';
import { formatAddress, type IPFamily, parseAddress } from '../lib/ip.ts';

/** Annotations under MetalLB's name of today and that of before 0.13. */
const annotation = ({ metadata }: Service, name: string): string | undefined =>
  getOwn(metadata.annotations, `metallb.io/${name}`) ??
  getOwn(metadata.annotations, `metallb.universe.tf/${name}`);

/** Which pool its addresses are of: written by the load balancer, as MetalLB does. */
export const allocatedFromAnnotation = 'metallb.io/ip-allocated-from-pool';

export interface Wish {
  readonly key: string;
  readonly service: Service;
  readonly families: readonly IPFamily[];
  /** Every family, or nothing. */
  readonly needsAll: boolean;
  /** Canonical; undefined: any will do. */
  readonly ips: readonly string[] | undefined;
  /** Why what was asked for is no address. */
  readonly problem: string | undefined;
  readonly pool: string | undefined;
  readonly sharing: string;
}

export const keyOf = ({ metadata }: Service): string => `${metadata.namespace}/${metadata.name}`;

export function canonical(ip: string): string {
  const address = parseAddress(ip);
  return address === undefined ? ip : formatAddress(address.family, address.value);
}

/** Of type LoadBalancer, and not another implementation's by class. */
export const isBalanced = ({ spec }: Service): boolean =>
  spec?.type === 'LoadBalancer' && (spec.loadBalancerClass ?? '') === '';

function askedFor(service: Service): Pick<Wish, 'ips' | 'problem'> {
  const annotated = annotation(service, 'loadBalancerIPs') ?? '';
  const field = service.spec?.loadBalancerIP ?? '';
  const none = { ips: undefined, problem: undefined };
  if (annotated === '' && field === '') return none;
  if (annotated !== '' && field !== '')
    return {
      ...none,
      problem: 'service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP',
    };
  const ips = (annotated === '' ? [field] : annotated.split(',')).map((ip) => ip.trim());
  if (ips.every((ip) => parseAddress(ip) !== undefined))
    return { ips: ips.map(canonical), problem: undefined };
  const what = annotated === '' ? 'spec.loadBalancerIP ' : 'metallb.io/loadBalancerIPs: ';
  return { ...none, problem: `invalid ${what}${JSON.stringify(annotated || field)}` };
}

export function wishOf(service: Service): Wish {
  const { spec } = service;
  return {
    key: keyOf(service),
    service,
    families: (spec?.ipFamilies ?? ['IPv4']) as IPFamily[],
    needsAll: spec?.ipFamilyPolicy === 'RequireDualStack',
    ...askedFor(service),
    pool: annotation(service, 'address-pool') || undefined,
    sharing: annotation(service, 'allow-shared-ip') ?? '',
  };
}

const portsOf = ({ service }: Wish): string[] =>
  (service.spec?.ports ?? []).map(({ protocol = 'TCP', port }) => `${protocol}/${port}`);

const isLocal = ({ service }: Wish): boolean => service.spec?.externalTrafficPolicy === 'Local';

const selectorOf = ({ service }: Wish): string =>
  JSON.stringify(Object.entries(service.spec?.selector ?? {}).sort());

/**
 * Why the one cannot have an address that the other has; undefined when it can. Traffic for local endpoints has to reach
 * the node that has them: those of both Services, so they must be the same.
 */
export function conflict(one: Wish, other: Wish, ip: string): string | undefined {
  const isShared = one.sharing !== '' && one.sharing === other.sharing;
  const isSplit = (isLocal(one) || isLocal(other)) && selectorOf(one) !== selectorOf(other);
  if (!isShared || isSplit)
    return `can't change sharing key for ${JSON.stringify(one.key)}, address also in use by ${other.key}`;
  const taken = new Set(portsOf(other));
  const port = portsOf(one).find((each) => taken.has(each));
  return port === undefined ? undefined : `port ${port} is already in use on ${JSON.stringify(ip)}`;
}
