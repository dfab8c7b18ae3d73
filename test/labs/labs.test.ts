/**
 * The lessons: what a newcomer's documents have one type, with real kubectl, on a cluster of two nodes that `bin/wherry up`
 * makes in a network namespace of the test's own. Outputs are those of the documents up to names, addresses and ages.
 * UPDATE_TRANSCRIPTS=1 writes down what is printed now: look at the difference before you keep it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { generatedNames } from '../kubectl/generated-names.ts';
import { findKubectls, type Kubectl } from '../kubectl/kubectls.ts';
import { normalize } from '../kubectl/normalize.ts';
import { checkTranscript } from '../kubectl/session.ts';
import { appliesTo, readTranscript, runUntilExpected, type Session } from '../kubectl/transcript.ts';
import { noNodeBecause } from '../node/test-node.ts';
import { startUpCluster, type UpCluster } from '../node/up-cluster.ts';
import { readmeSteps } from '../readme.ts';
import { writeStandIns } from './images.ts';

const root = path.join(import.meta.dirname, '../..');

const lessons = ['services-lab', 'service-types', 'introduction', 'fundamentals', 'on-services'];

/** What README.md says of what is not there, as it is seen. */
const differences = 'differs';

const [kubectl] = findKubectls();

const patterns: NonNullable<Session['patterns']> = [
  ...generatedNames,
  [/ \((?:\d+[smhd]){1,2} ago\)/g, ' (<age> ago)'],
  [/\b172\.30\.0\.(?:2\d\d)\b/g, '<balancer-ip>'],
  // The machine that the test runs on.
  [new RegExp(RegExp.escape(os.release()), 'g'), '<kernel>'],
  [/\b\S+ GNU\/Linux \S+ \(\w+\)/g, '<os>'],
  [/(?<=containerd:\/\/)\d[\w.~+-]*/g, '<version>'],
];

/** The settings that would let a neighbour reach what listens on 127.0.0.1, as a pod in the node's network sees them. */
const onEveryNode = `for node in node-1 node-2; do
  kubectl run host-$node --image=busybox --restart=Never \\
    --overrides='{"spec":{"hostNetwork":true,"nodeName":"'$node'"}}' \\
    -- sh -c "cat /proc/sys/net/ipv4/conf/*/route_localnet | sort -u | sed 's/^/$node /'" >&2
  kubectl wait pod/host-$node --for=jsonpath='{.status.phase}'=Succeeded >&2
  kubectl logs host-$node
done`;

function inCluster({ shell, kubeconfig }: UpCluster, script: string) {
  const [command = '', ...args] = [...shell, 'bash', '-c', script];
  return promisify(execFile)(command, args, { env: { ...process.env, KUBECONFIG: kubeconfig } });
}

/** Every command runs where the cluster is: in its namespace. */
async function sessionOf(cluster: UpCluster, { file }: Kubectl, lesson: string): Promise<Session> {
  const directory = path.join(cluster.folder, 'lessons', lesson);
  const tools = path.join(cluster.folder, 'bin');
  await mkdir(directory, { recursive: true });
  await mkdir(tools, { recursive: true });
  await symlink(file, path.join(tools, 'kubectl')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return {
    directory,
    namespace: { actual: 'default', shown: 'default' },
    patterns,
    variables: ['SVC', 'BGSVC', 'PORT', 'POD', 'IP'],
    env: {
      PATH: `${path.join(import.meta.dirname, 'bin')}:${tools}:/usr/local/bin:/usr/bin:/bin`,
      HOME: cluster.folder,
      KUBECONFIG: cluster.kubeconfig,
      LANG: 'C.UTF-8',
      TZ: 'UTC',
    },
    shell: cluster.shell,
  };
}

const clearNamespace =
  "kubectl delete deployments,replicasets,pods,ingresses --all --now; kubectl delete services -l '!provider'";

// What they print is the same from 1.27 to 1.33 but for `describe service` and `describe configmap`, which the lessons
// show for both sides of 1.31. Others could not be tried; from 1.34 on kubectl words some answers in another way.
const triedMinors = { from: 27, to: 33 };
const isForAnother = 'what this lesson shows is what kubectl 1.27 to 1.33 print';

const skip = kubectl === undefined ? 'no kubectl on PATH' : noNodeBecause();

describe('the lessons', { skip }, () => {
  let cluster: UpCluster;
  before(async () => {
    cluster = await startUpCluster();
    for (const file of await writeStandIns(cluster.folder)) await cluster.wherry(['image', 'load', file]);
  });
  after(() => cluster?.close());
  // What a lesson leaves when it fails is not the next one's.
  beforeEach(() => inCluster(cluster, clearNamespace));

  for (const lesson of [...lessons, differences]) {
    const transcript = readTranscript(path.join(import.meta.dirname, `${lesson}.txt`));
    const isForThis = kubectl !== undefined && appliesTo(transcript.needs, kubectl.minor);
    test(lesson, { skip: isForThis ? false : isForAnother }, async () => {
      if (kubectl !== undefined)
        await checkTranscript(transcript, await sessionOf(cluster, kubectl, lesson), kubectl);
    });
  }

  test('no node leads packets to its own loopback addresses (CVE-2020-8558)', async () => {
    const { stdout } = await inCluster(cluster, onEveryNode);
    assert.equal(stdout, 'node-1 0\nnode-2 0\n');
  });

  const isForReadme = kubectl !== undefined && appliesTo(triedMinors, kubectl.minor);
  test("the README's tour", { skip: isForReadme ? false : isForAnother }, async () => {
    if (kubectl === undefined) return;
    const session = await sessionOf(cluster, kubectl, 'readme');
    await symlink(path.join(root, 'bin'), path.join(session.directory, 'bin'));
    await writeFile(path.join(cluster.folder, '.curlrc'), 'silent\n');
    const steps = readmeSteps();
    assert.ok(steps.length > 8);
    for (const step of steps) {
      const expected = normalize(step.expected, patterns);
      // A README does not show exit codes.
      const output = await runUntilExpected({ ...step, expected }, session);
      assert.equal(output.replace(/^\[exit \d+\]\n$/m, ''), expected, step.command);
    }
  });
});
