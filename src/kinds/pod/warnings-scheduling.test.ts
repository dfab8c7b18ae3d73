import assert from 'node:assert/strict';
import { test } from 'node:test';
import { path } from '../field.ts';
import { affinityWarnings, nodeLabelWarning } from './warnings-scheduling.ts';

test('labels of nodes that have new names', () => {
  assert.equal(
    nodeLabelWarning('failure-domain.beta.kubernetes.io/zone'),
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  );
  assert.equal(nodeLabelWarning('constructor'), undefined);
});

test('affinity', () => {
  const arch = { key: 'beta.kubernetes.io/arch', operator: 'In', values: ['a b'] };
  const warnings = affinityWarnings(
    {
      containers: [],
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [arch] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, preference: { matchExpressions: [{ ...arch, key: 'a' }] } },
          ],
        },
        podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, podAffinityTerm: { topologyKey: 'zone', labelSelector: {} } },
            { weight: 1, podAffinityTerm: { topologyKey: 'zone' } },
          ],
        },
      },
    },
    path('spec'),
  );
  assert.deepEqual(
    warnings.map((warning) => warning.slice(0, 190)),
    [
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/',
      'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: "a b" is invalid, a valid label must be an empty string or consist of ',
      'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
      'spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[1].podAffinityTerm.labelSelector: a null labelSelector results in matching no pod',
    ],
  );
});
