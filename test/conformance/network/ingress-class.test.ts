/** Which class an Ingress gets. Source of what is asked: test/e2e/network/ingressclass.go of kubernetes/kubernetes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NetworkLab, startNetworkLab } from './lab.ts';

const classes = '/apis/networking.k8s.io/v1/ingressclasses';
const ingresses = '/apis/networking.k8s.io/v1/namespaces/default/ingresses';
const spec = { controller: 'example.com/controller' };
const isDefault = { 'ingressclass.kubernetes.io/is-default-class': 'true' };

/** One after the other, so many seconds apart. */
async function makeClasses(lab: NetworkLab, names: readonly string[], { seconds = 0 } = {}): Promise<void> {
  for (const name of names) {
    await lab.call('POST', classes, { metadata: { name, annotations: isDefault }, spec });
    await lab.advance(seconds * 1000);
  }
}

async function classOfNew(lab: NetworkLab): Promise<string | undefined> {
  const defaultBackend = { service: { name: 'default-backend', port: { number: 80 } } };
  const made = await lab.call('POST', ingresses, {
    metadata: { generateName: 'ingress-' },
    spec: { defaultBackend },
  });
  return made.spec.ingressClassName;
}

describe('the class of an Ingress that names none', () => {
  const cases: Record<string, { names: string[]; seconds?: number; want: string | undefined }> = {
    'no class is the default': { names: [], want: undefined },
    'the default': { names: ['only'], want: 'only' },
    'of two defaults the later': { names: ['a', 'b'], seconds: 2, want: 'b' },
    'of two defaults of one time the first by name': { names: ['b', 'a'], want: 'a' },
  };
  for (const [name, { names, seconds, want }] of Object.entries(cases))
    test(name, async (t) => {
      const lab = await startNetworkLab(t);
      await lab.call('POST', classes, { metadata: { name: 'plain' }, spec });
      await makeClasses(lab, names, { seconds });
      assert.equal(await classOfNew(lab), want);
    });
});

test('parameters in a namespace', async (t) => {
  const lab = await startNetworkLab(t);
  const parameters = {
    ...{ scope: 'Namespace', namespace: 'foo-ns', apiGroup: 'k8s.example.net' },
    ...{ kind: 'IngressParameters', name: 'external-lb' },
  };
  const made = await lab.call('POST', classes, {
    metadata: { name: 'with' },
    spec: { ...spec, parameters },
  });
  assert.deepEqual(made.spec.parameters, parameters);
  const refused = { ...parameters, scope: 'Cluster' };
  await assert.rejects(
    lab.call('POST', classes, { metadata: { name: 'without' }, spec: { ...spec, parameters: refused } }),
    /spec\.parameters\.namespace: Forbidden: `parameters\.scope` is set to 'Cluster'/,
  );
});
