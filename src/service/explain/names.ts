/** What the cluster's DNS says. */
import { outcomeOf, type ProbeOutcome } from '../probe.ts';
import { type ExplainCase, publishedAddresses, serviceName } from './case.ts';
import { type Check, listed, ok, skipped, warning, wrong } from './check.ts';
import { recordsOf, resolveAt } from './plan-probes.ts';

type Resolved = Extract<ProbeOutcome, { type: 'resolve' }>;

function resolved(look: ExplainCase, record: 'A' | 'AAAA' | 'CNAME'): Resolved | string {
  const planned = resolveAt(look, serviceName(look), record);
  return planned === undefined
    ? 'there is no node to ask from'
    : outcomeOf(look.outcomes, planned, 'resolve');
}

const silent = (look: ExplainCase): Check =>
  wrong('dns', {
    reason: 'DnsNoAnswer',
    text: `the cluster's DNS server ${look.facts.dnsServer} does not answer`,
    remedy: 'see "wherry why svc/kube-dns -n kube-system", and use the address meanwhile',
  });

/** The addresses that its name should give; undefined: whatever there is (headless). */
function wantedAddresses({ service, shape }: ExplainCase): string[] | undefined {
  if (shape === 'headless') return undefined;
  return (service.spec?.clusterIPs ?? [service.spec?.clusterIP ?? '']).filter((ip) => ip !== '');
}

/** A pod may have been told to ask somebody else. */
function otherDns({ facts }: ExplainCase): Check[] {
  const { dnsPolicy = 'ClusterFirst', hostNetwork } = facts.from?.spec ?? {};
  if (facts.from === undefined) return [];
  const isOther =
    dnsPolicy === 'Default' || dnsPolicy === 'None' || (hostNetwork === true && dnsPolicy === 'ClusterFirst');
  if (!isOther) return [];
  return [
    warning('dns', {
      reason: 'PodUsesOtherDns',
      text: `pod ${facts.from.metadata.name} does not ask the cluster's DNS (dnsPolicy ${dnsPolicy}${hostNetwork === true ? ', hostNetwork' : ''})`,
      remedy: `set its dnsPolicy to ${hostNetwork === true ? 'ClusterFirstWithHostNet' : 'ClusterFirst'}`,
    }),
  ];
}

function externalName(look: ExplainCase): Check {
  const target = look.service.spec?.externalName ?? '';
  const outcome = resolved(look, 'A');
  if (typeof outcome === 'string') return skipped('dns', outcome, 'NotProbed');
  if (outcome.result === 'answered') return ok('dns', `${target} is ${listed(outcome.values)}`);
  const cname = resolved(look, 'CNAME');
  if (typeof cname === 'object' && cname.result === 'noServer') return silent(look);
  return wrong('dns', {
    reason: 'ExternalNameNotResolved',
    text: `its name leads to ${target}, which DNS does not resolve (${outcomeText[outcome.result]})`,
    remedy: 'mend spec.externalName, or the DNS server that the nodes use',
  });
}

const outcomeText: Readonly<Record<Resolved['result'], string>> = {
  answered: 'answered',
  noName: 'there is no such name',
  noData: 'it has no address',
  refused: 'the server refuses',
  failed: 'the server could not find out',
  noServer: 'nobody answers',
};

function addresses(look: ExplainCase): Check {
  const name = serviceName(look);
  const wanted = wantedAddresses(look);
  const found: string[] = [];
  for (const record of recordsOf(look)) {
    const outcome = resolved(look, record);
    if (typeof outcome === 'string') return skipped('dns', outcome, 'NotProbed');
    if (outcome.result === 'noServer') return silent(look);
    if (outcome.result === 'refused' || outcome.result === 'failed')
      return wrong('dns', {
        reason: 'DnsNoAnswer',
        text: `the cluster's DNS server ${look.facts.dnsServer} ${outcome.result === 'refused' ? 'refuses to answer for' : 'could not find out'} ${name}`,
        remedy:
          outcome.result === 'refused'
            ? 'see whether the zone of the DNS server is the cluster domain'
            : 'see whether the agents, which serve DNS, reach the API server',
      });
    found.push(...outcome.values);
  }
  if (found.length === 0)
    return wrong('dns', {
      reason: 'DnsNoSuchName',
      text: `the cluster's DNS server ${look.facts.dnsServer} does not know ${name}`,
      remedy: 'use its address, and look at the log of the agents, which serve DNS',
    });
  const strange = wanted === undefined ? [] : found.filter((address) => !wanted.includes(address));
  if (strange.length > 0)
    return wrong('dns', {
      reason: 'DnsWrongAddress',
      text: `${name} is ${listed(strange)} for the DNS server ${look.facts.dnsServer}, and not ${listed(wanted ?? [])}`,
      remedy: 'ask again after the answer has expired, and look at the log of the agents, which serve DNS',
    });
  return ok('dns', `${name} is ${listed(found)}`);
}

/** Under a headless Service without ready pods there is no name, which is not DNS' fault. */
export function dnsChecks(look: ExplainCase): Check[] {
  const { facts, shape } = look;
  if (shape === 'pending') return [];
  if (facts.dnsServer === undefined)
    return [
      (shape === 'externalName' ? wrong : warning)('dns', {
        reason: 'NoClusterDns',
        text: 'there is no Service kube-system/kube-dns, so names of Services do not resolve',
        remedy: 'use its address, or start the cluster with its DNS',
      }),
    ];
  if (shape === 'externalName') return [externalName(look), ...otherDns(look)];
  if (shape === 'headless' && publishedAddresses(look).length === 0)
    return [skipped('dns', 'it has no address to give', 'NoEndpoints')];
  return [addresses(look), ...otherDns(look)];
}
