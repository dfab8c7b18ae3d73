/** The downward API: a pod's own fields and its containers' resources, as text. */
import type { Container, Pod, ResourceFieldSelector } from '../../kinds/generated/types.ts';
import { readQuantity } from '../../kinds/quantities.ts';
import { milliValue, value } from '../../lib/quantity.ts';
import { ContainerConfigError } from './errors.ts';

/** Where and with what address a pod runs. */
export interface PodPlace {
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
  /** The node's allocatable amounts: the limit of a container that has none. */
  readonly allocatable: Readonly<Record<string, string>>;
}

const goEscapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

/** As Go's %q quotes it. */
function goQuote(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what has to be escaped
  const escaped = text.replace(/[\u0000-\u001f\u007f"\\]/g, (character) => {
    const hex = character.charCodeAt(0).toString(16).padStart(2, '0');
    return goEscapes[character] ?? `\\x${hex}`;
  });
  return `"${escaped}"`;
}

/** `key="value"` in lines, sorted. Source: fieldpath.FormatMap. */
function mapText(map: Readonly<Record<string, string>> = {}): string {
  const lines = Object.keys(map)
    .sort()
    .map((key) => `${key}=${goQuote(map[key] as string)}`);
  return lines.join('\n');
}

/** Throws ContainerConfigError for a field that is none. */
export function fieldValue(pod: Pod, path: string, place: PodPlace): string {
  const { metadata, spec } = pod;
  const [, map, key] = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path) ?? [];
  if (map !== undefined && key !== undefined) {
    const values = metadata[map as 'labels' | 'annotations'] ?? {};
    return Object.hasOwn(values, key) ? (values[key] as string) : '';
  }
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? '';
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
      return mapText(metadata.labels);
    case 'metadata.annotations':
      return mapText(metadata.annotations);
    case 'spec.nodeName':
      return spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return place.hostIPs[0] ?? '';
    case 'status.hostIPs':
      return place.hostIPs.join(',');
    case 'status.podIP':
      return place.podIPs[0] ?? '';
    case 'status.podIPs':
      return place.podIPs.join(',');
    default:
      throw new ContainerConfigError(`unsupported fieldPath: ${path}`);
  }
}

function containerNamed(pod: Pod, name: string): Container {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const found = all.find((container) => container.name === name);
  if (found === undefined) throw new ContainerConfigError(`container ${name} not found`);
  return found;
}

const ceilDivide = (amount: bigint, divisor: bigint): bigint => (amount + divisor - 1n) / divisor;

/** What a container without a limit of its own may take: what its pod may, else what the node has. */
function roomFor({ spec }: Pod, resource: string, { allocatable }: PodPlace): string {
  const ofNode = allocatable[resource] ?? '0';
  const ofPod = spec?.resources?.limits?.[resource];
  return ofPod === undefined || readQuantity(ofPod).nanos === 0n ? ofNode : ofPod;
}

/** In units of the divisor, rounded up. Source: ExtractContainerResourceValue of pkg/api/v1/resource. */
export function resourceValue(
  pod: Pod,
  options: { selector: ResourceFieldSelector; container: Container | undefined; place: PodPlace },
): string {
  const { selector, place } = options;
  const container = selector.containerName ? containerNamed(pod, selector.containerName) : options.container;
  const [, list, resource = ''] = /^(limits|requests)\.(.+)$/.exec(selector.resource) ?? [];
  if (list === undefined)
    throw new ContainerConfigError(`unsupported container resource : ${selector.resource}`);
  const amounts = container?.resources?.[list as 'limits' | 'requests'] ?? {};
  const given = Object.hasOwn(amounts, resource) ? amounts[resource] : undefined;
  const isZero = given === undefined || readQuantity(given).nanos === 0n;
  const amount = readQuantity(list === 'limits' && isZero ? roomFor(pod, resource, place) : (given ?? '0'));
  const divisor = readQuantity(selector.divisor === undefined ? '1' : selector.divisor);
  const unit = divisor.nanos === 0n ? readQuantity('1') : divisor;
  return String(
    resource === 'cpu'
      ? ceilDivide(milliValue(amount), milliValue(unit))
      : ceilDivide(value(amount), value(unit)),
  );
}
