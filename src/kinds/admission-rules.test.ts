import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { webhookDefaults } from './admission-rules.ts';
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from './generated/types.ts';
import { mutatingAdmissionPolicy } from './mutating-admission-policy.ts';
import { mutatingAdmissionPolicyBinding } from './mutating-admission-policy-binding.ts';
import { mutatingWebhookConfiguration } from './mutating-webhook-configuration.ts';
import { createErrors, defaulted, row } from './test-kit.ts';
import { validatingAdmissionPolicy } from './validating-admission-policy.ts';
import { validatingAdmissionPolicyBinding } from './validating-admission-policy-binding.ts';
import { validatingWebhookConfiguration } from './validating-webhook-configuration.ts';

const metadata = { name: 'checks' };
const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };
const hook: ValidatingWebhook = {
  name: 'hook.example.com',
  clientConfig: { url: 'https://hook.example.com' },
  rules: [rule],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
};
const errors = (...webhooks: object[]): string[] =>
  createErrors(validatingWebhookConfiguration, { metadata, webhooks } as ValidatingWebhookConfiguration);

describe('webhooks', () => {
  test('have defaults', () => {
    const hooks: ValidatingWebhook[] = [
      { ...hook, rules: [{ ...rule }], clientConfig: { service: { name: 'a', namespace: 'b' } } },
    ];
    webhookDefaults(hooks);
    assert.deepEqual(hooks, [
      {
        ...hook,
        clientConfig: { service: { name: 'a', namespace: 'b', port: 443 } },
        rules: [{ ...rule, scope: '*' }],
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        namespaceSelector: {},
        objectSelector: {},
        timeoutSeconds: 10,
      },
    ]);
    const mutating = { metadata, webhooks: [{ ...hook }] } as MutatingWebhookConfiguration;
    assert.equal(
      defaulted(mutatingWebhookConfiguration, mutating).webhooks?.[0]?.reinvocationPolicy,
      'Never',
    );
  });

  const cases: Readonly<Record<string, { changes: object; expected: string[] }>> = {
    good: { changes: {}, expected: [] },
    'a short name': {
      changes: { name: 'example.com' },
      expected: [
        'webhooks[0].name: Invalid value: "example.com": should be a domain with at least three segments separated by dots',
      ],
    },
    'no client': {
      changes: { clientConfig: {} },
      expected: ['webhooks[0].clientConfig: Required value: exactly one of url or service is required'],
    },
    'a service without a name': {
      changes: { clientConfig: { service: { name: '', namespace: 'a', port: 70_000 } } },
      expected: [
        'webhooks[0].clientConfig.service.name: Required value: service name is required',
        'webhooks[0].clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
      ],
    },
    'no encryption': {
      changes: { clientConfig: { url: 'http://hook.example.com' } },
      expected: [
        'webhooks[0].clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
      ],
    },
    'side effects': {
      changes: { sideEffects: 'Some', timeoutSeconds: 31, failurePolicy: 'Shrug' },
      expected: [
        'webhooks[0].failurePolicy: Unsupported value: "Shrug": supported values: "Fail", "Ignore"',
        'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
        'webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
      ],
    },
    'review versions': {
      changes: { admissionReviewVersions: ['v2', 'v2'] },
      expected: [
        'webhooks[0].admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
        'webhooks[0].admissionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1',
      ],
    },
    rules: {
      changes: {
        rules: [
          {
            apiGroups: ['*', 'apps'],
            apiVersions: [],
            operations: ['CREATE', 'LOOK'],
            resources: ['pods/*', 'pods/log', '*', 'nodes'],
            scope: 'Galaxy',
          },
        ],
      },
      expected: [
        'webhooks[0].rules[0].operations[1]: Unsupported value: "LOOK": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
        'webhooks[0].rules[0].apiGroups: Invalid value: ["*","apps"]: if \'*\' is present, must not specify other API groups',
        'webhooks[0].rules[0].apiVersions: Required value',
        'webhooks[0].rules[0].resources[1]: Invalid value: "pods/log": if \'pods/*\' is present, must not specify pods/log',
        'webhooks[0].rules[0].resources: Invalid value: ["pods/*","pods/log","*","nodes"]: if \'*\' is present, must not specify other resources without subresources',
        'webhooks[0].rules[0].scope: Unsupported value: "Galaxy": supported values: "*", "Cluster", "Namespaced"',
      ],
    },
  };
  for (const [name, { changes, expected }] of Object.entries(cases))
    test(name, () => assert.deepEqual(errors({ ...hook, ...changes }), expected));

  test('each name once', () => {
    assert.deepEqual(errors(hook, hook), ['webhooks[1].name: Duplicate value: "hook.example.com"']);
  });
});

describe('policies', () => {
  test('match something and say something', () => {
    assert.deepEqual(createErrors(validatingAdmissionPolicy, { metadata } as ValidatingAdmissionPolicy), [
      'spec.matchConstraints: Required value',
      'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
      'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
    ]);
    const spec = { matchConstraints: {}, mutations: [{ patchType: 'Magic' }] };
    assert.deepEqual(createErrors(mutatingAdmissionPolicy, { metadata, spec } as MutatingAdmissionPolicy), [
      'spec.matchConstraints.resourceRules: Required value',
      'spec.mutations[0].patchType: Unsupported value: "Magic": supported values: "ApplyConfiguration", "JSONPatch"',
      'spec.reinvocationPolicy: Required value',
    ]);
  });

  test('bindings name a policy, and parameters in one way', () => {
    const spec = {
      policyName: '',
      paramRef: { name: 'a', selector: {} },
      validationActions: ['Deny', 'Warn', 'Deny', 'Shout'],
    };
    const common = [
      'spec.policyName: Required value',
      'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
      'spec.paramRef.parameterNotFoundAction: Required value',
    ];
    assert.deepEqual(
      createErrors(validatingAdmissionPolicyBinding, { metadata, spec } as ValidatingAdmissionPolicyBinding),
      [
        ...common,
        'spec.validationActions[2]: Duplicate value: "Deny"',
        'spec.validationActions[3]: Unsupported value: "Shout": supported values: "Audit", "Deny", "Warn"',
        'spec.validationActions: Invalid value: ["Deny","Warn","Deny","Shout"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ],
    );
    assert.deepEqual(
      createErrors(mutatingAdmissionPolicyBinding, { metadata, spec } as MutatingAdmissionPolicyBinding),
      common,
    );
  });

  test('show their parameters', () => {
    const policy = {
      metadata,
      spec: { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' }, validations: [{ expression: 'true' }] },
    };
    assert.deepEqual(row(validatingAdmissionPolicy, policy as ValidatingAdmissionPolicy), {
      Name: 'checks',
      Validations: 1,
      ParamKind: 'v1/ConfigMap',
      Age: '<unknown>',
    });
    const paramRef = (reference: object | undefined): unknown => {
      const binding = { metadata, spec: { policyName: 'p', paramRef: reference, validationActions: [] } };
      return row(validatingAdmissionPolicyBinding, binding as ValidatingAdmissionPolicyBinding).ParamRef;
    };
    assert.deepEqual(
      [paramRef(undefined), paramRef({ name: 'a' }), paramRef({ name: 'a', namespace: 'b' })],
      ['<unset>', '*/a', 'b/a'],
    );
  });
});
