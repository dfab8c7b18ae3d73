/**
 * Every manifest shape of the Services courses that Wherry is made for, applied twice with real kubectl: made
 * once, then unchanged. The files are our own; what is broken or outdated in a course is so here too, with
 * Kubernetes' own error.
 *
 * What kubectl generates holds `creationTimestamp: null`. Of that kubectl makes a patch each time, whatever the server,
 * and prints `configured`, though nothing changes.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { findKubectls } from '../kubectl/kubectls.ts';
import { type RunningServer, startServer } from '../kubectl/server.ts';

const [kubectl] = findKubectls();
const skip = kubectl === undefined ? 'no kubectl on PATH' : false;
const folder = import.meta.dirname;

/** What applying prints before `created` and `unchanged`. */
const applied: Record<string, string> = {
  'configmap-address-pools.yaml': 'configmap/config',
  'deployment-generated.yaml': 'deployment.apps/tearoom',
  'deployment.yaml': 'deployment.apps/stall',
  'pod-generated.yaml': 'pod/kettle',
  'pod-two-containers.yaml': 'pod/pair',
  'pod.yaml': 'pod/cat',
  'replicaset-blue.yaml': 'replicaset.apps/blue',
  'replicaset-green.yaml': 'replicaset.apps/green',
  'service-blue-green.yaml': 'service/blue-green',
  'service-clusterip.yaml': 'service/orders',
  'service-generated.yaml': 'service/tearoom',
  'service-loadbalancer.yaml': 'service/journal',
  'service-nodeport-31117.yaml': 'service/stall',
  'service-nodeport-31230.yaml': 'service/lab',
  'service-nodeport.yaml': 'service/counter',
  'service-two-labels.yaml': 'service/pantry',
  'service-unlike-port.yaml': 'service/booth',
};

const refused: Record<string, string> = {
  'ingress-broken-lines.yaml':
    'error: error parsing ingress-broken-lines.yaml: error converting YAML to JSON: yaml: line 15: mapping values are not allowed in this context\n',
  // kubectl words this itself, and worded it otherwise until 1.22.
  'ingress-extensions-v1beta1.yaml':
    (kubectl?.minor ?? 0) <= 22
      ? 'error: unable to recognize "ingress-extensions-v1beta1.yaml": no matches for kind "Ingress" in version "extensions/v1beta1"\n'
      : 'error: resource mapping not found for name: "entrance" namespace: "" from "ingress-extensions-v1beta1.yaml": no matches for kind "Ingress" in version "extensions/v1beta1"\nensure CRDs are installed first\n',
  'pod-misplaced-ports.yaml':
    "error: error parsing pod-misplaced-ports.yaml: error converting YAML to JSON: yaml: line 9: did not find expected '-' indicator\n",
};

describe('manifests of the Services courses', { skip }, () => {
  let server: RunningServer;

  const run = (...args: string[]): Promise<string> => {
    const env = {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: server.directory,
      KUBECONFIG: server.kubeconfig,
    };
    return new Promise((resolve) => {
      execFile(kubectl?.file ?? '', args, { cwd: folder, env }, (_, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
  };

  const version = (file: string) => run('get', '-f', file, '-o', 'jsonpath={.metadata.resourceVersion}');

  before(async () => {
    server = await startServer({ store: 'memory' });
    assert.equal(await run('create', 'namespace', 'metallb-system'), 'namespace/metallb-system created\n');
  });
  after(() => server?.stop());

  test('every file is expected', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
    assert.deepEqual(files.sort(), [...Object.keys(applied), ...Object.keys(refused)].sort());
  });

  for (const [file, name] of Object.entries(applied)) {
    test(file, async () => {
      const outputs = [await run('apply', '-f', file)];
      const before = await version(file);
      outputs.push(await run('apply', '-f', file));
      const second = file.endsWith('-generated.yaml') ? 'configured' : 'unchanged';
      assert.deepEqual(outputs, [`${name} created\n`, `${name} ${second}\n`]);
      assert.equal(await version(file), before);
    });
  }

  for (const [file, error] of Object.entries(refused)) {
    test(file, async () => assert.equal(await run('apply', '-f', file), error));
  }
});
