/** One Service on one node: what it adds to the tables. Pure; `table-state.ts` puts the Services together. */
import { createHash } from 'node:crypto';
import type { Service } from '../kinds/generated/types.ts';
import { cidrContains, type ParsedCidr, parseCidr } from '../lib/cidr.ts';
import { canonicalAddress, type IPFamily, isIPv6, parseAddress } from '../lib/ip.ts';
import { type Chain, concat, type SetSpec } from '../nft/table.ts';
import type { ResolvedEndpoint } from '../service/endpoint-candidates.ts';
import type { PortResolution, Route } from '../service/resolve.ts';
import { endpointIds } from './endpoint-ids.ts';
import {
  affinityRules,
  type Doorway,
  dispatchChain,
  dispatchRules,
  endpointMap,
  guardChains,
  idMap,
  rangeText,
  rejectVerdict,
  sets,
  slotMark,
  verdictMap,
} from './layout.ts';
import { affinityClientsMax, affinitySecondsDefault } from './limits.ts';

/** What a Service asks to stand in one table. The same name or key from two Services is kept as long as one asks. */
export interface Contribution {
  /** Set, key, value. */
  readonly elements: (readonly [string, string, string])[];
  readonly chains: Map<string, Chain>;
  readonly dynamicSets: Map<string, SetSpec>;
}

export type Contributions = Readonly<Record<IPFamily, Contribution>>;

export interface ServiceRulesOptions {
  /** The node's own addresses, canonical. */
  readonly nodeAddresses: readonly string[];
}

const emptyContribution = (): Contribution => ({ elements: [], chains: new Map(), dynamicSets: new Map() });

const isOf = (family: IPFamily) => (address: string) => isIPv6(address) === (family === 'IPv6');

const canonical = (addresses: readonly (string | undefined)[]): string[] => [
  ...new Set(addresses.flatMap((address) => canonicalAddress(address ?? '') ?? [])),
];

export function clusterAddresses({ spec }: Service, family: IPFamily): string[] {
  const addresses = spec?.clusterIPs ?? [spec?.clusterIP];
  return canonical(addresses).filter(isOf(family));
}

/** A load balancer in mode Proxy sends traffic to nodes itself; its address must not be short-cut (KEP-1860). */
export function loadBalancerAddresses({ spec, status }: Service, family: IPFamily): string[] {
  if (spec?.type !== 'LoadBalancer') return [];
  const vips = (status?.loadBalancer?.ingress ?? []).filter(({ ipMode }) => ipMode !== 'Proxy');
  return canonical(vips.map(({ ip }) => ip)).filter(isOf(family));
}

const protocolOf = ({ port }: PortResolution): string => (port.protocol ?? 'TCP').toLowerCase();

function affinitySeconds({ spec }: Service): number | undefined {
  if (spec?.sessionAffinity !== 'ClientIP') return undefined;
  return spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? affinitySecondsDefault;
}

class Builder {
  readonly contribution = emptyContribution();
  readonly #service: Service;
  readonly #resolution: PortResolution;

  constructor(service: Service, resolution: PortResolution) {
    this.#service = service;
    this.#resolution = resolution;
  }

  add(set: string, key: string, value = ''): void {
    this.contribution.elements.push([set, key, value]);
  }

  /** `key`: what names the Service port at this doorway. */
  doorway(doorway: Doorway, key: string, endpoints: readonly ResolvedEndpoint[]): void {
    const seconds = affinitySeconds(this.#service);
    const count = endpoints.length;
    if (seconds !== undefined) {
      this.#affinity(doorway, key, { endpoints, seconds });
      return;
    }
    const chain = dispatchChain(doorway, count);
    this.contribution.chains.set(chain, { rules: dispatchRules(doorway, count) });
    this.add(verdictMap(doorway), key, `goto ${chain}`);
    for (const [slot, { address, port }] of endpoints.entries())
      this.add(endpointMap(doorway), concat(key, slotMark(slot)), concat(address, port));
  }

  /** One memory for all doorways of the Service port: who comes by another one still meets the same endpoint. */
  #affinity(
    doorway: Doorway,
    key: string,
    { endpoints, seconds }: { endpoints: readonly ResolvedEndpoint[]; seconds: number },
  ): void {
    const { metadata } = this.#service;
    const { port } = this.#resolution;
    const name = `${metadata.namespace}/${metadata.name}:${port.name ?? ''}/${protocolOf(this.#resolution)}`;
    const map = `affinity-${textHash(name)}`;
    const chain = `${map}-${doorway}`;
    this.contribution.dynamicSets.set(map, {
      kind: 'map',
      key: ['saddr'],
      value: ['mark'],
      isDynamic: true,
      size: affinityClientsMax,
    });
    const rules = affinityRules(doorway, { count: endpoints.length, map, seconds });
    this.contribution.chains.set(chain, { rules });
    this.add(verdictMap(doorway), key, `goto ${chain}`);
    const ids = endpointIds(endpoints);
    for (const [slot, { address, port: number }] of endpoints.entries()) {
      const id = ids[slot] as number;
      this.add(idMap(doorway), concat(key, slotMark(slot)), String(id));
      this.add(endpointMap(doorway), concat(key, id), concat(address, number));
    }
  }
}

/** 128 bits of a name, as letters that nft takes for a name whatever users write. */
function textHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

const refusal = (route: Exclude<Route, { verdict: 'forward' }>): string =>
  route.verdict === 'drop' ? 'drop' : rejectVerdict;

function addVip(builder: Builder, key: string, route: Route): void {
  if (route.verdict === 'forward') builder.doorway('vip', key, route.set.endpoints);
  else builder.add(sets.noEndpoints, key, refusal(route));
}

/** Whoever is near an external address with policy Local may go to every endpoint. */
const nearEndpoints = ({ external, cluster }: PortResolution): readonly ResolvedEndpoint[] =>
  external.policy === 'Local' ? cluster.endpoints : [];

function addNodePort(builder: Builder, resolution: PortResolution): void {
  const { port, external } = resolution;
  if (port.nodePort === undefined || port.nodePort === 0) return;
  const key = concat(protocolOf(resolution), port.nodePort);
  if (external.verdict === 'forward') builder.doorway('node-port', key, external.set.endpoints);
  else builder.add(sets.noEndpointNodePorts, key, refusal(external));
  const near = nearEndpoints(resolution);
  if (near.length > 0) builder.doorway('near-node-port', key, near);
}

/** Ranges without those that lie within another: nft refuses overlaps. Undefined when everybody may come. */
function sourceRanges({ spec }: Service, family: IPFamily): ParsedCidr[] | undefined {
  const texts = spec?.loadBalancerSourceRanges ?? [];
  if (texts.length === 0) return undefined;
  const parsed = texts.flatMap((text) => parseCidr(text.trim()) ?? []);
  // IPv4 ranges alone close the IPv6 address: who names sources does not mean the rest of the world.
  const ranges = parsed.filter((range) => range.family === family);
  if (ranges.some(({ prefix }) => prefix === 0)) return undefined;
  const isWithin = (inner: ParsedCidr, outer: ParsedCidr) =>
    outer !== inner && outer.prefix <= inner.prefix && cidrContains(outer, inner.family, inner.base);
  return ranges.filter(
    (range, index) =>
      !ranges.some(
        (other, place) => isWithin(range, other) && (other.prefix < range.prefix || place < index),
      ),
  );
}

/**
 * The ranges, and the load balancer's addresses where a node may come: on the node that announces an address a process
 * that asks for it has that address itself. Source: pkg/proxy/nftables/proxier.go, allowFromNode.
 */
function allowedSources(ranges: readonly ParsedCidr[], own: readonly string[], vips: readonly string[]) {
  const isIn = (address: string) => {
    const parsed = parseAddress(address);
    return parsed !== undefined && ranges.some((range) => cidrContains(range, parsed.family, parsed.value));
  };
  return [...ranges.map(rangeText), ...(own.some(isIn) ? vips.filter((vip) => !isIn(vip)) : [])];
}

function addLoadBalancer(
  builder: Builder,
  { service, resolution }: { service: Service; resolution: PortResolution },
  nodeAddresses: readonly string[],
): void {
  const ranges = sourceRanges(service, resolution.family);
  const vips = loadBalancerAddresses(service, resolution.family);
  for (const address of vips) {
    const key = concat(address, protocolOf(resolution), resolution.port.port);
    addVip(builder, key, resolution.external);
    const near = nearEndpoints(resolution);
    if (near.length > 0) builder.doorway('near-vip', key, near);
    if (ranges === undefined) continue;
    builder.add(sets.guarded, key);
    for (const [name, chain] of guardChains) builder.contribution.chains.set(name, chain);
    for (const source of allowedSources(ranges, nodeAddresses, vips))
      builder.add(sets.allowedSources, concat(key, source));
  }
}

function addLocal(builder: Builder, resolution: PortResolution, nodeAddresses: readonly string[]): void {
  const reached = [...resolution.cluster.endpoints, ...resolution.local.endpoints];
  for (const { address, isLocal } of reached) {
    if (!isLocal) continue;
    builder.add(sets.localEndpoints, address);
    if (!nodeAddresses.includes(address)) builder.add(sets.hairpin, concat(address, address));
  }
}

const protocols = new Set(['TCP', 'UDP', 'SCTP']);

/** The API server lets nothing else in; what came by another way must not spoil the transaction of all Services. */
function isRoutable({ port }: PortResolution): boolean {
  const isPort = (value: number) => Number.isInteger(value) && value >= 0 && value <= 65_535;
  return (
    protocols.has(port.protocol ?? 'TCP') && port.port > 0 && isPort(port.port) && isPort(port.nodePort ?? 0)
  );
}

/** `resolutions`: of all ports and families of the Service, as `resolve` gives them. */
export function serviceRules(
  service: Service,
  resolutions: readonly PortResolution[],
  { nodeAddresses }: ServiceRulesOptions,
): Contributions {
  const all: Contributions = { IPv4: emptyContribution(), IPv6: emptyContribution() };
  for (const resolution of resolutions.filter(isRoutable)) {
    const builder = new Builder(service, resolution);
    for (const address of clusterAddresses(service, resolution.family)) {
      builder.add(sets.clusterIPs, address);
      const key = concat(address, protocolOf(resolution), resolution.port.port);
      addVip(builder, key, resolution.internal);
    }
    addNodePort(builder, resolution);
    addLoadBalancer(builder, { service, resolution }, nodeAddresses);
    addLocal(builder, resolution, nodeAddresses);
    const into = all[resolution.family];
    into.elements.push(...builder.contribution.elements);
    for (const [name, chain] of builder.contribution.chains) into.chains.set(name, chain);
    for (const [name, spec] of builder.contribution.dynamicSets) into.dynamicSets.set(name, spec);
  }
  return all;
}
