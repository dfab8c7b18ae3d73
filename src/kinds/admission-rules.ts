/**
 * What the six kinds of admissionregistration.k8s.io share.
 * Source of rules and wording: pkg/apis/admissionregistration of Kubernetes.
 */
import { textColumn } from './columns.ts';
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  type Path,
  path,
  required,
} from './field.ts';
import type {
  MatchResources,
  MutatingWebhook,
  NamedRuleWithOperations,
  ParamKind,
  ParamRef,
  RuleWithOperations,
  ValidatingWebhook,
} from './generated/types.ts';
import type { Column } from './kind.ts';
import { validateLabelSelector } from './label-selector.ts';
import { isDNS1035Label, isDNS1123Subdomain } from './names.ts';
import type { KubeObject } from './object.ts';
import { requireText, validateOptionalChoice } from './pod/checks.ts';

type Webhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

export const failurePolicies = ['Fail', 'Ignore'];
const matchPolicies = ['Equivalent', 'Exact'];
const sideEffects = ['None', 'NoneOnDryRun'];
const scopes = ['*', 'Cluster', 'Namespaced'];
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const reviewVersions = ['v1', 'v1beta1'];

function ruleDefaults(rules: readonly (RuleWithOperations | NamedRuleWithOperations)[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

export function webhookDefaults(hooks: readonly Webhook[] | undefined): void {
  for (const hook of hooks ?? []) {
    hook.failurePolicy ??= 'Fail';
    hook.matchPolicy ??= 'Equivalent';
    hook.namespaceSelector ??= {};
    hook.objectSelector ??= {};
    hook.timeoutSeconds ??= 10;
    if (hook.clientConfig?.service !== undefined) hook.clientConfig.service.port ??= 443;
    ruleDefaults(hook.rules);
  }
}

export function matchResourcesDefaults(match: MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  ruleDefaults(match.resourceRules);
  ruleDefaults(match.excludeResourceRules);
}

/** A list that must be there, and in which `*` must stand alone. */
function validateAlone(values: readonly string[] | undefined, what: string, at: Path): FieldError[] {
  const given = values ?? [];
  if (given.length === 0) return [required(at, '')];
  return given.length > 1 && given.includes('*')
    ? [invalid(at, given, `if '*' is present, must not specify other ${what}`)]
    : [];
}

function validateResources(resources: readonly string[] = [], at: Path): FieldError[] {
  const errors = resources.length === 0 ? [required(at, '')] : [];
  const seen: string[] = [];
  for (const [index, resource] of resources.entries()) {
    if (resource === '') errors.push(required(at.index(index), ''));
    const [name = '', sub] = resource.split('/', 2);
    if (sub === undefined) continue;
    for (const wildcard of [`${name}/*`, `*/${sub}`])
      if (seen.includes(wildcard))
        errors.push(
          invalid(at.index(index), resource, `if '${wildcard}' is present, must not specify ${resource}`),
        );
    seen.push(resource);
  }
  if (resources.length > 1 && resources.includes('*/*'))
    errors.push(invalid(at, resources, "if '*/*' is present, must not specify other resources"));
  if (resources.includes('*') && resources.some((each) => each !== '*' && !each.includes('/')))
    errors.push(
      invalid(at, resources, "if '*' is present, must not specify other resources without subresources"),
    );
  return errors;
}

function validateRule(rule: RuleWithOperations, at: Path): FieldError[] {
  const errors = validateAlone(rule.operations, 'operations', at.child('operations'));
  for (const [index, operation] of (rule.operations ?? []).entries())
    if (!operations.includes(operation))
      errors.push(notSupported(at.child('operations').index(index), operation, operations));
  errors.push(...validateAlone(rule.apiGroups, 'API groups', at.child('apiGroups')));
  errors.push(...validateAlone(rule.apiVersions, 'API versions', at.child('apiVersions')));
  for (const [index, version] of (rule.apiVersions ?? []).entries())
    errors.push(...requireText(version, at.child('apiVersions').index(index)));
  errors.push(...validateResources(rule.resources, at.child('resources')));
  return [...errors, ...validateOptionalChoice(rule.scope, scopes, at.child('scope'))];
}

function validateReviewVersions(versions: readonly string[] = [], at: Path): FieldError[] {
  const all = reviewVersions.join(', ');
  if (versions.length === 0) return [required(at, `must specify one of ${all}`)];
  const errors = versions.flatMap((version, index) => {
    if (versions.indexOf(version) < index) return [invalid(at.index(index), version, 'duplicate version')];
    return isDNS1035Label(version).map((message) => invalid(at.index(index), version, message));
  });
  if (!versions.some((version) => reviewVersions.includes(version)))
    errors.push(invalid(at, versions, `must include at least one of ${all}`));
  return errors;
}

/** A name of at least three segments. */
function validateFullName(name: string, at: Path): FieldError[] {
  if (name === '') return [required(at, '')];
  const messages = isDNS1123Subdomain(name);
  if (messages.length === 0 && name.split('.').length < 3)
    messages.push('should be a domain with at least three segments separated by dots');
  return messages.map((message) => invalid(at, name, message));
}

function validateClient(hook: Webhook, at: Path): FieldError[] {
  const { url, service } = hook.clientConfig ?? {};
  if ((url === undefined) === (service === undefined))
    return [required(at, 'exactly one of url or service is required')];
  if (service !== undefined) {
    const where = at.child('service');
    const errors = [
      ...(service.name ? [] : [required(where.child('name'), 'service name is required')]),
      ...(service.namespace ? [] : [required(where.child('namespace'), 'service namespace is required')]),
    ];
    const { port = 443 } = service;
    if (port < 1 || port > 65535)
      errors.push(
        invalid(where.child('port'), port, 'port is not valid: must be between 1 and 65535, inclusive'),
      );
    return errors;
  }
  const scheme = /^([a-z]*):/i.exec(url ?? '')?.[1] ?? '';
  return scheme === 'https'
    ? []
    : [
        invalid(
          at.child('url'),
          scheme,
          "'https' is the only allowed URL scheme; desired format: https://host[/path]",
        ),
      ];
}

function validateWebhook(hook: Webhook, at: Path): FieldError[] {
  const errors = validateFullName(hook.name ?? '', at.child('name'));
  for (const [index, rule] of (hook.rules ?? []).entries())
    errors.push(...validateRule(rule, at.child('rules').index(index)));
  errors.push(...validateOptionalChoice(hook.failurePolicy, failurePolicies, at.child('failurePolicy')));
  errors.push(...validateOptionalChoice(hook.matchPolicy, matchPolicies, at.child('matchPolicy')));
  if (!hook.sideEffects)
    errors.push(required(at.child('sideEffects'), `must specify one of ${sideEffects.join(', ')}`));
  else errors.push(...validateOptionalChoice(hook.sideEffects, sideEffects, at.child('sideEffects')));
  const { timeoutSeconds = 10 } = hook;
  if (timeoutSeconds < 1 || timeoutSeconds > 30)
    errors.push(
      invalid(
        at.child('timeoutSeconds'),
        timeoutSeconds,
        'the timeout value must be between 1 and 30 seconds',
      ),
    );
  errors.push(...validateLabelSelector(hook.namespaceSelector, at.child('namespaceSelector')));
  errors.push(...validateLabelSelector(hook.objectSelector, at.child('objectSelector')));
  return [...errors, ...validateClient(hook, at.child('clientConfig'))];
}

export function validateWebhooks(hooks: readonly Webhook[] | undefined): FieldError[] {
  const names = new Set<string>();
  return (hooks ?? []).flatMap((hook, index) => {
    const at = path('webhooks').index(index);
    const errors = [
      ...validateWebhook(hook, at),
      ...validateReviewVersions(hook.admissionReviewVersions, at.child('admissionReviewVersions')),
    ];
    if (names.has(hook.name)) errors.push(duplicate(at.child('name'), hook.name));
    names.add(hook.name);
    return errors;
  });
}

/** What a policy applies to; a binding may leave it out. */
export function validateMatch(match: MatchResources | undefined, at: Path, isPolicy: boolean): FieldError[] {
  if (match === undefined) return isPolicy ? [required(at, '')] : [];
  const errors = validateOptionalChoice(match.matchPolicy, matchPolicies, at.child('matchPolicy'));
  errors.push(...validateLabelSelector(match.namespaceSelector, at.child('namespaceSelector')));
  errors.push(...validateLabelSelector(match.objectSelector, at.child('objectSelector')));
  for (const field of ['resourceRules', 'excludeResourceRules'] as const)
    for (const [index, rule] of (match[field] ?? []).entries())
      errors.push(...validateRule(rule, at.child(field).index(index)));
  if (isPolicy && (match.resourceRules ?? []).length === 0)
    errors.push(required(at.child('resourceRules'), ''));
  return errors;
}

/** Exactly one of name and selector, and what to do when nothing is found. */
export function validateParamRef(reference: ParamRef | undefined, at: Path): FieldError[] {
  if (reference === undefined) return [];
  const { name = '', selector, parameterNotFoundAction } = reference;
  const errors: FieldError[] = [];
  if (name !== '' && selector !== undefined)
    errors.push(forbidden(at.child('name'), 'name and selector are mutually exclusive'));
  if (name === '' && selector === undefined)
    errors.push(required(at, 'one of name or selector must be specified'));
  if (parameterNotFoundAction === undefined) errors.push(required(at.child('parameterNotFoundAction'), ''));
  const where = at.child('parameterNotFoundAction');
  return [...errors, ...validateOptionalChoice(parameterNotFoundAction, ['Deny', 'Allow'], where)];
}

/** Number of webhooks, or of validations or mutations. */
export const listColumn = <Type extends KubeObject>(
  name: string,
  of: (object: Type) => readonly unknown[] | undefined,
): Column<Type> => ({ name, type: 'integer', of: (object) => of(object)?.length ?? 0 });

export const paramKindColumn = <Type extends KubeObject>(
  of: (object: Type) => (ParamKind & { apiVersion?: string; kind?: string }) | undefined,
): Column<Type> =>
  textColumn<Type>('ParamKind', (object) => {
    const kind = of(object);
    return kind === undefined ? '<unset>' : `${kind.apiVersion ?? ''}/${kind.kind ?? ''}`;
  });

export const paramRefColumn = <Type extends KubeObject>(
  of: (object: Type) => ParamRef | undefined,
): Column<Type> =>
  textColumn<Type>('ParamRef', (object) => {
    const reference = of(object);
    if (reference === undefined) return '<unset>';
    if (!reference.name) return '*';
    return reference.namespace ? `${reference.namespace}/${reference.name}` : `*/${reference.name}`;
  });
