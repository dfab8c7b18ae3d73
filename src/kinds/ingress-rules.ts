/** Validation of an Ingress. Source of rules and wording: pkg/apis/networking/validation/validation.go. */
import { parseAddress } from '../lib/ip.ts';
import { type FieldError, invalid, notSupported, type Path, path, required } from './field.ts';
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressServiceBackend,
  IngressSpec,
  IngressTLS,
  TypedLocalObjectReference,
} from './generated/types.ts';
import { validateIP } from './ip-rules.ts';
import {
  dns1123SubdomainLengthMax,
  isDNS1123Label,
  isDNS1123Subdomain,
  isPathSegmentName,
  isPortName,
  isPortNumber,
} from './names.ts';
import { getOwn } from './object.ts';

const specPath = path('spec');
const classAnnotation = 'kubernetes.io/ingress.class';
const supportedPathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'] as const;
const badPathSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badPathSuffixes = ['/..', '/.'];
const wildcardFormat = '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const wildcardPattern = new RegExp(`^${wildcardFormat}$`);
const notAnAddress = 'must be a DNS name, not an IP address';

function isWildcardSubdomain(value: string): string[] {
  const messages: string[] = [];
  if (Buffer.byteLength(value) > dns1123SubdomainLengthMax)
    messages.push(`must be no more than ${dns1123SubdomainLengthMax} bytes`);
  if (!wildcardPattern.test(value))
    messages.push(
      `a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '${wildcardFormat}')`,
    );
  return messages;
}

function validateHost(host: string, at: Path): FieldError[] {
  const messages = host.includes('*') ? isWildcardSubdomain(host) : isDNS1123Subdomain(host);
  return messages.map((message) => invalid(at, host, message));
}

function validateResource(resource: TypedLocalObjectReference, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  // Where it was left out, the complete object has null.
  if (resource.apiGroup != null)
    for (const message of isDNS1123Subdomain(resource.apiGroup))
      errors.push(invalid(at.child('apiGroup'), resource.apiGroup, message));
  for (const field of ['kind', 'name'] as const) {
    const value = resource[field] ?? '';
    if (value === '') errors.push(required(at.child(field), ''));
    for (const message of isPathSegmentName(value)) errors.push(invalid(at.child(field), value, message));
  }
  return errors;
}

function validateService(backend: IngressServiceBackend, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const servicePath = at.child('service');
  const { name = '', port = {} } = backend;
  if (name === '') errors.push(required(servicePath.child('name'), ''));
  else
    errors.push(...isDNS1123Label(name).map((message) => invalid(servicePath.child('name'), name, message)));
  const [portName, number] = [port.name ?? '', port.number ?? 0];
  if (portName !== '' && number !== 0)
    errors.push(invalid(at, '', 'cannot set both port name & port number'));
  else if (portName !== '')
    for (const message of isPortName(portName))
      errors.push(invalid(servicePath.child('port', 'name'), portName, message));
  else if (number !== 0)
    for (const message of isPortNumber(number))
      errors.push(invalid(servicePath.child('port', 'number'), number, message));
  else errors.push(required(at, 'port name or number is required'));
  return errors;
}

function validateBackend(backend: IngressBackend | undefined, at: Path): FieldError[] {
  const { resource, service } = backend ?? {};
  if (resource !== undefined && service !== undefined)
    return [invalid(at, '', 'cannot set both resource and service backends')];
  if (resource !== undefined) return validateResource(resource, at.child('resource'));
  if (service !== undefined) return validateService(service, at);
  return [invalid(at, '', 'resource or service backend is required')];
}

function validateURLPath(value: string, pathType: string, at: Path): FieldError[] {
  const strict = pathType !== 'ImplementationSpecific';
  const errors: FieldError[] = [];
  if (!value.startsWith('/') && (strict || value !== ''))
    errors.push(invalid(at, value, 'must be an absolute path'));
  if (!strict) return errors;
  for (const sequence of badPathSequences)
    if (value.includes(sequence)) errors.push(invalid(at, value, `must not contain '${sequence}'`));
  for (const suffix of badPathSuffixes)
    if (value.endsWith(suffix)) errors.push(invalid(at, value, `cannot end with '${suffix}'`));
  return errors;
}

function validateHTTPPath(httpPath: HTTPIngressPath, at: Path): FieldError[] {
  const pathType = httpPath.pathType as string | undefined;
  if (pathType === undefined) return [required(at.child('pathType'), 'pathType must be specified')];
  const errors = supportedPathTypes.includes(pathType as 'Exact')
    ? validateURLPath(httpPath.path ?? '', pathType, at.child('path'))
    : [notSupported(at.child('pathType'), pathType, supportedPathTypes)];
  return [...errors, ...validateBackend(httpPath.backend, at.child('backend'))];
}

function validateRules(spec: IngressSpec): FieldError[] {
  return (spec.rules ?? []).flatMap((rule, index) => {
    const at = specPath.child('rules').index(index);
    const host = rule.host ?? '';
    const errors: FieldError[] = [];
    if (host !== '' && parseAddress(host) !== undefined)
      errors.push(invalid(at.child('host'), host, notAnAddress));
    if (host !== '') errors.push(...validateHost(host, at.child('host')));
    if (rule.http === undefined) return errors;
    const pathsPath = at.child('http', 'paths');
    const paths = rule.http.paths ?? [];
    if (paths.length === 0) errors.push(required(pathsPath, ''));
    return [...errors, ...paths.flatMap((each, place) => validateHTTPPath(each, pathsPath.index(place)))];
  });
}

function validateTLS({ hosts = [], secretName = '' }: IngressTLS, at: Path): FieldError[] {
  const errors = hosts.flatMap((host, index) => validateHost(host, at.child('hosts').index(index)));
  if (secretName !== '')
    for (const message of isDNS1123Subdomain(secretName))
      errors.push(invalid(at.child('secretName'), secretName, message));
  return errors;
}

/** The annotation was the only way before the field; upstream compares the two on create only. */
function validateClass(object: Ingress): FieldError[] {
  const name = object.spec?.ingressClassName;
  if (name === undefined) return [];
  const at = specPath.child('ingressClassName');
  const errors = isDNS1123Subdomain(name).map((message) => invalid(at, name, message));
  const annotation = getOwn(object.metadata.annotations, classAnnotation);
  if (annotation === undefined || annotation === name || object.metadata.resourceVersion !== undefined)
    return errors;
  const annotationPath = path('annotations').child(classAnnotation);
  return [
    ...errors,
    invalid(annotationPath, annotation, 'must match `ingressClassName` when both are specified'),
  ];
}

export function validate(object: Ingress): FieldError[] {
  const spec = object.spec ?? {};
  const errors: FieldError[] = [];
  if ((spec.rules ?? []).length === 0 && spec.defaultBackend === undefined)
    errors.push(
      invalid(specPath, spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'),
    );
  if (spec.defaultBackend !== undefined)
    errors.push(...validateBackend(spec.defaultBackend, specPath.child('defaultBackend')));
  errors.push(...validateRules(spec));
  for (const [index, tls] of (spec.tls ?? []).entries())
    errors.push(...validateTLS(tls, specPath.child('tls').index(index)));
  return [...errors, ...validateClass(object)];
}

export function validateStatus(object: Ingress): FieldError[] {
  return (object.status?.loadBalancer?.ingress ?? []).flatMap(({ ip = '', hostname = '' }, index) => {
    const at = path('status', 'loadBalancer', 'ingress').index(index);
    const errors = ip === '' ? [] : validateIP(ip, at.child('ip'));
    if (hostname === '') return errors;
    for (const message of isDNS1123Subdomain(hostname))
      errors.push(invalid(at.child('hostname'), hostname, message));
    if (parseAddress(hostname) !== undefined)
      errors.push(invalid(at.child('hostname'), hostname, notAnAddress));
    return errors;
  });
}
