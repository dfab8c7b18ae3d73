/**
 * References to a pod's own fields and resources, in environment variables and downward API volumes.
 * Source of rules and wording: pkg/apis/core/validation, pkg/apis/core/pods and pkg/fieldpath of Kubernetes.
 */
import { parseQuantity } from '../../lib/quantity.ts';
import { type FieldError, invalid, notSupported, type Path, required } from '../field.ts';
import type { ObjectFieldSelector, ResourceFieldSelector } from '../generated/types.ts';
import { isQualifiedName } from '../names.ts';
import { invalidEach } from './checks.ts';

/** In the order in which upstream prints them: sorted. */
export const envFieldPaths = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
export const volumeFieldPaths = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const resourcePaths = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const hugePagesPrefixes = ['limits.hugepages-', 'requests.hugepages-'];

/** Every field that the downward API knows in any place; the rest has no conversion at all. */
const knownFieldPaths = new Set([
  ...envFieldPaths,
  ...volumeFieldPaths,
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
  'status.nominatedNodeName',
]);

const unsupportedVersion = (version: string): string =>
  `error converting fieldPath: unsupported pod version: ${version}`;

/** `metadata.labels['app']` in two parts; undefined for a path without a subscript. */
function splitSubscript(path: string): { field: string; subscript: string } | undefined {
  const open = path.indexOf("['");
  if (open <= 0 || !path.endsWith("']") || open + 4 > path.length) return undefined;
  return { field: path.slice(0, open), subscript: path.slice(open + 2, -2) };
}

export function validateFieldSelector(
  selector: ObjectFieldSelector,
  supported: readonly string[],
  at: Path,
): FieldError[] {
  const path = selector.fieldPath ?? '';
  if (!selector.apiVersion) return [required(at.child('apiVersion'), '')];
  if (path === '') return [required(at.child('fieldPath'), '')];
  const here = at.child('fieldPath');
  if (selector.apiVersion !== 'v1') return [invalid(here, path, unsupportedVersion(selector.apiVersion))];
  const parts = splitSubscript(path);
  if (parts !== undefined) {
    const { field, subscript } = parts;
    if (field === 'metadata.annotations')
      return invalidEach(at, subscript.toLowerCase(), isQualifiedName(subscript.toLowerCase()));
    if (field === 'metadata.labels') return invalidEach(at, subscript, isQualifiedName(subscript));
    return [
      invalid(here, path, `error converting fieldPath: field label does not support subscript: ${path}`),
    ];
  }
  // spec.host is the name that spec.nodeName had before v1.
  if (!knownFieldPaths.has(path) && path !== 'spec.host')
    return [invalid(here, path, `error converting fieldPath: field label not supported: ${path}`)];
  const field = path === 'spec.host' ? 'spec.nodeName' : path;
  return supported.includes(field) ? [] : [notSupported(here, field, supported)];
}

const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

function divisorRule(resource: string): { divisors: readonly string[]; name: string } | undefined {
  if (hugePagesPrefixes.some((prefix) => resource.startsWith(prefix)))
    return { divisors: byteDivisors, name: 'hugepages' };
  switch (resource.slice(resource.indexOf('.') + 1)) {
    case 'cpu':
      return { divisors: ['1m', '1'], name: 'cpu' };
    case 'memory':
      return { divisors: byteDivisors, name: 'memory' };
    case 'ephemeral-storage':
      return { divisors: byteDivisors, name: 'local ephemeral storage' };
    default:
      return undefined;
  }
}

function validateDivisor(selector: ResourceFieldSelector, at: Path): FieldError[] {
  const divisor = parseQuantity(selector.divisor ?? '0');
  const rule = divisorRule(selector.resource ?? '');
  if (divisor === undefined || divisor.nanos === 0n || rule === undefined) return [];
  if (rule.divisors.includes(divisor.text)) return [];
  const list = rule.name === 'cpu' ? '1m and 1' : '1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei';
  const detail = `only divisor's values ${list} are supported with the ${rule.name} resource`;
  return [invalid(at.child('divisor'), selector.resource, detail)];
}

/** `container` says whether the container must be named: it must in a volume, which belongs to none. */
export function validateResourceSelector(
  selector: ResourceFieldSelector,
  at: Path,
  container: 'required' | 'optional',
): FieldError[] {
  const errors: FieldError[] = [];
  const resource = selector.resource ?? '';
  if (container === 'required' && !selector.containerName)
    errors.push(required(at.child('containerName'), ''));
  else if (resource === '') errors.push(required(at.child('resource'), ''));
  else if (!resourcePaths.includes(resource) && !hugePagesPrefixes.some((each) => resource.startsWith(each)))
    errors.push(notSupported(at.child('resource'), resource, resourcePaths));
  return [...errors, ...validateDivisor(selector, at)];
}
