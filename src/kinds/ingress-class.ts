/** IngressClass. Source: pkg/apis/networking/validation, pkg/registry/networking/ingressclass. */
import { ageColumn, nameColumn, none, textColumn } from './columns.ts';
import { type FieldError, forbidden, invalid, notSupported, path, required, tooLong } from './field.ts';
import type { IngressClass, IngressClassParametersReference } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isDNS1123Label, isDNS1123Subdomain, isPathSegmentName } from './names.ts';

const controllerPath = path('spec', 'controller');
const parametersPath = path('spec', 'parameters');
const controllerBytesMax = 250;
const supportedScopes = ['Cluster', 'Namespace'] as const;
const pathFormat = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";
const pathPattern = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

/** `acme.io/foo`: a domain, and a path below it. */
function validateDomainPrefixedPath(value: string): FieldError[] {
  const slash = value.indexOf('/');
  if (slash < 1 || slash === value.length - 1)
    return [invalid(controllerPath, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const [domain, rest] = [value.slice(0, slash), value.slice(slash + 1)];
  const errors = isDNS1123Subdomain(domain).map((message) => invalid(controllerPath, domain, message));
  if (!pathPattern.test(rest))
    errors.push(invalid(controllerPath, rest, `Invalid path (regex used for validation is '${pathFormat}')`));
  return errors;
}

function validateController(controller: string): FieldError[] {
  if (controller === '') return [required(controllerPath, '')];
  return [
    ...(Buffer.byteLength(controller) > controllerBytesMax
      ? [tooLong(controllerPath, controllerBytesMax)]
      : []),
    ...validateDomainPrefixedPath(controller),
  ];
}

function validateScope(parameters: IngressClassParametersReference): FieldError[] {
  const { scope, namespace } = parameters;
  const at = parametersPath.child('namespace');
  if (scope === undefined) return [required(parametersPath.child('scope'), '')];
  if (!supportedScopes.includes(scope as 'Cluster'))
    return [notSupported(parametersPath.child('scope'), scope, supportedScopes)];
  if (scope === 'Cluster')
    return namespace === undefined ? [] : [forbidden(at, "`parameters.scope` is set to 'Cluster'")];
  return namespace === undefined
    ? [required(at, "`parameters.scope` is set to 'Namespace'")]
    : isDNS1123Label(namespace).map((message) => invalid(at, namespace, message));
}

function validateParameters(parameters: IngressClassParametersReference): FieldError[] {
  const errors: FieldError[] = [];
  if (parameters.apiGroup !== undefined)
    for (const message of isDNS1123Subdomain(parameters.apiGroup))
      errors.push(invalid(parametersPath.child('apiGroup'), parameters.apiGroup, message));
  for (const field of ['kind', 'name'] as const) {
    const value = parameters[field] ?? '';
    if (value === '') errors.push(required(parametersPath.child(field), ''));
    for (const message of isPathSegmentName(value))
      errors.push(invalid(parametersPath.child(field), value, message));
  }
  return [...errors, ...validateScope(parameters)];
}

function validate(object: IngressClass): FieldError[] {
  const parameters = object.spec?.parameters;
  return [
    ...validateController(object.spec?.controller ?? ''),
    ...(parameters === undefined ? [] : validateParameters(parameters)),
  ];
}

function validateUpdate(object: IngressClass, old: IngressClass): FieldError[] {
  return object.spec?.controller === old.spec?.controller
    ? []
    : [invalid(controllerPath, object.spec?.controller ?? '', 'field is immutable')];
}

function parametersCell(object: IngressClass): string {
  const parameters = object.spec?.parameters;
  if (parameters === undefined) return none;
  const group = parameters.apiGroup === undefined ? '' : `.${parameters.apiGroup}`;
  return `${parameters.kind}${group}/${parameters.name}`;
}

export const ingressClass = defineKind<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  scope: 'Cluster',
  generation: true,
  defaults: (object) => {
    if (object.spec?.parameters !== undefined) object.spec.parameters.scope ??= 'Cluster';
  },
  validate,
  validateUpdate,
  columns: [
    nameColumn,
    textColumn('Controller', (object: IngressClass) => object.spec?.controller ?? ''),
    textColumn('Parameters', parametersCell),
    ageColumn,
  ],
  example: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'wherry' },
    spec: { controller: 'example.com/ingress-controller' },
  },
});
