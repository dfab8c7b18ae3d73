/** Names, addresses and ports of a pod. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { type FieldError, forbidden, invalid, type Path, required } from '../field.ts';
import type { PodSpec } from '../generated/types.ts';
import { validateIP } from '../ip-rules.ts';
import { dns1123SubdomainLengthMax } from '../names.ts';
import { validateChoice, validateDNS1123Label, validateDNS1123Subdomain } from './checks.ts';

/** What resolvers take; see resolv.conf(5). */
const nameserversMax = 3;
const searchesMax = 32;
const searchCharactersMax = 2048;

const label = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const underscoredSubdomain = new RegExp(`^${label}(\\.${label})*$`);

/** A DNS name in which labels may start with an underscore, as those of services do. */
function isSearchDomain(name: string): string[] {
  const messages: string[] = [];
  if (Buffer.byteLength(name) > dns1123SubdomainLengthMax)
    messages.push(`must be no more than ${dns1123SubdomainLengthMax} bytes`);
  if (!underscoredSubdomain.test(name))
    messages.push(
      `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${label}(\\.${label})*')`,
    );
  return messages;
}

export function validateDNSConfig(spec: PodSpec, at: Path): FieldError[] {
  const config = spec.dnsConfig;
  if (spec.dnsPolicy === 'None') {
    if (config == null) return [required(at, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if ((config.nameservers ?? []).length === 0)
      return [
        required(
          at.child('nameservers'),
          'must provide at least one DNS nameserver when `dnsPolicy` is None',
        ),
      ];
  }
  if (config == null) return [];
  const errors: FieldError[] = [];
  const { nameservers = [], searches = [], options = [] } = config;
  if (nameservers.length > nameserversMax)
    errors.push(
      invalid(at.child('nameservers'), nameservers, `must not have more than ${nameserversMax} nameservers`),
    );
  for (const [index, address] of nameservers.entries())
    errors.push(...validateIP(address, at.child('nameservers').index(index)));
  if (searches.length > searchesMax)
    errors.push(
      invalid(at.child('searches'), searches, `must not have more than ${searchesMax} search paths`),
    );
  if (searches.join(' ').length > searchCharactersMax)
    errors.push(
      invalid(
        at.child('searches'),
        searches,
        `must not have more than ${searchCharactersMax} characters (including spaces) in the search list`,
      ),
    );
  for (const [index, search] of searches.entries()) {
    const name = search.replace(/\.$/, '');
    if (search !== '.')
      for (const message of isSearchDomain(name))
        errors.push(invalid(at.child('searches').index(index), name, message));
  }
  for (const [index, option] of options.entries())
    if (!option.name) errors.push(required(at.child('options').index(index), 'must not be empty'));
  return errors;
}

/** `isPod`: templates may leave host ports unset, since each pod gets them. */
export function validateHostNetwork(spec: PodSpec, isPod: boolean, at: Path): FieldError[] {
  if (!spec.hostNetwork) return [];
  return (spec.containers ?? []).flatMap((container, index) =>
    (container.ports ?? []).flatMap((port, portIndex) => {
      const hostPort = port.hostPort ?? 0;
      if (hostPort === port.containerPort || (hostPort === 0 && !isPod)) return [];
      const here = at.child('containers').index(index).child('ports').index(portIndex).child('hostPort');
      return [invalid(here, hostPort, 'must match `containerPort` when `hostNetwork` is true')];
    }),
  );
}

/** Users of its own do not go with the host's namespaces. */
export function validateHostUsers(spec: PodSpec, at: Path): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const why = 'when `pod.Spec.HostUsers` is false';
  const errors: FieldError[] = [];
  if (spec.hostNetwork) errors.push(forbidden(at.child('hostNetwork'), why));
  if (spec.hostPID) errors.push(forbidden(at.child('HostPID'), why));
  if (spec.hostIPC) errors.push(forbidden(at.child('HostIPC'), why));
  return errors;
}

function validateHostnameOverride(spec: PodSpec, at: Path): FieldError[] {
  const name = spec.hostnameOverride;
  if (name === undefined) return [];
  const errors = validateDNS1123Subdomain(name, at.child('hostnameOverride'));
  if (name.length > 64)
    errors.push(invalid(at.child('hostnameOverride'), name, 'must be no more than 64 characters'));
  if (spec.hostNetwork)
    errors.push(forbidden(at.child('hostnameOverride'), 'may not be specified when hostNetwork is true'));
  if (spec.setHostnameAsFQDN)
    errors.push(
      forbidden(at.child('setHostnameAsFQDN'), 'may not be specified when hostnameOverride is set'),
    );
  return errors;
}

export function validateDNSPolicy(spec: PodSpec, at: Path): FieldError[] {
  return validateChoice(
    spec.dnsPolicy,
    ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'],
    at.child('dnsPolicy'),
  );
}

export function validateHostNames(spec: PodSpec, at: Path): FieldError[] {
  return [
    ...(spec.hostname ? validateDNS1123Label(spec.hostname, at.child('hostname')) : []),
    ...validateHostnameOverride(spec, at),
    ...(spec.subdomain ? validateDNS1123Label(spec.subdomain, at.child('subdomain')) : []),
  ];
}

export function validateHostAliases(spec: PodSpec, at: Path): FieldError[] {
  return (spec.hostAliases ?? []).flatMap((alias, index) => [
    ...validateIP(alias.ip ?? '', at.index(index).child('ip')),
    ...(alias.hostnames ?? []).flatMap((name, nameIndex) =>
      validateDNS1123Subdomain(name, at.index(index).child('hostnames').index(nameIndex)),
    ),
  ]);
}
