import { test } from 'node:test';
import type { PodAffinityTerm, TopologySpreadConstraint } from '../generated/types.ts';
import { check, withSpec } from './test-pods.ts';

const spread = (constraint: Partial<TopologySpreadConstraint>) =>
  withSpec({
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', ...constraint },
    ],
  });
const near = (term: Partial<PodAffinityTerm>) =>
  withSpec(
    {
      affinity: {
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', ...term }] },
      },
    },
    { labels: { app: 'web' } },
  );
const at = 'spec.topologySpreadConstraints[0]';
const termAt = 'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]';
const labelSelector = { matchLabels: { tier: 'front' } };

test('spreading', () => {
  check({
    'a good one': [spread({ labelSelector, matchLabelKeys: ['app'], minDomains: 2 }), []],
    'no domains, policies that do not exist': [
      spread({ minDomains: 0, nodeAffinityPolicy: 'Maybe', nodeTaintsPolicy: 'Never' }),
      [
        `${at}.minDomains: Invalid value: 0: must be greater than zero`,
        `${at}.nodeAffinityPolicy: Unsupported value: "Maybe": supported values: "Honor", "Ignore"`,
        `${at}.nodeTaintsPolicy: Unsupported value: "Never": supported values: "Honor", "Ignore"`,
      ],
    ],
    'keys without a selector': [
      spread({ matchLabelKeys: ['app'] }),
      [`${at}.matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`],
    ],
  });
});

test('label keys of affinity', () => {
  check({
    'a key of the pod': [near({ labelSelector, matchLabelKeys: ['app'] }), []],
    'a key that the selector has too': [
      near({ labelSelector: { matchLabels: { app: 'web' } }, matchLabelKeys: ['app'] }),
      [`${termAt}[0]: Invalid value: "app": exists in both matchLabelKeys and labelSelector`],
    ],
    'a key that must match and must not': [
      near({ labelSelector, matchLabelKeys: ['x'], mismatchLabelKeys: ['x'] }),
      [
        `${termAt}.matchLabelKeys[0]: Invalid value: "x": exists in both matchLabelKeys and mismatchLabelKeys`,
      ],
    ],
  });
});
