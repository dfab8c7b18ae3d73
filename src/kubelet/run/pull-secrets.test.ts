import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Secret } from '../../kinds/generated/types.ts';
import { testContainer, testPod } from '../test-kit.ts';
import { startTestNode, statusText, testImage } from './test-node.ts';

const secretFor = (host: string, identity: string): Secret => ({
  metadata: { name: host },
  type: 'kubernetes.io/dockerconfigjson',
  data: {
    '.dockerconfigjson': Buffer.from(
      JSON.stringify({ auths: { [host]: { auth: Buffer.from(identity).toString('base64') } } }),
    ).toString('base64'),
  },
});

const image = 'registry.example/team/app:1';
const pod = testPod({
  containers: [testContainer('web', { image })],
  imagePullSecrets: [{ name: 'gone' }, { name: 'wrong' }, { name: 'right' }],
});

async function worldWith(t: Parameters<typeof startTestNode>[0], secrets: Record<string, Secret>) {
  const entry = {
    image: { ...testImage, id: `sha256:${'b'.repeat(64)}`, repoTags: [image] },
    identity: 'user:secret',
  };
  return startTestNode(t, {
    registry: new Map([[image, entry]]),
    tools: {
      sources: { configMap: () => undefined, secret: (_, name) => secrets[name], services: () => [] },
    },
  });
}

const missing = (names: string) =>
  `Warning FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (${names}); attempting to pull the image may not succeed.`;

test('a private image is pulled as who is let in, after who is not; a missing secret is told', async (t) => {
  const node = await worldWith(t, {
    wrong: secretFor('registry.example/team', 'user:old'),
    right: secretFor('registry.example', 'user:secret'),
  });
  const { status } = await node.run(pod);
  assert.equal(statusText(status), 'Running; web running #0 ready');
  assert.deepEqual(node.takeEvents(), [
    missing('gone'),
    `Normal Pulling web: Pulling image "${image}"`,
    `Normal Pulled web: Successfully pulled image "${image}" in 0s (0s including waiting). Image size: 1000 bytes.`,
    'Normal Created web: Container created',
    'Normal Started web: Container started',
  ]);
});

test('nobody is let in: the pull fails in the words of the registry, said once', async (t) => {
  const node = await worldWith(t, {
    wrong: secretFor('registry.example/team', 'user:old'),
    right: secretFor('registry.example', 'user:older'),
  });
  const { status } = await node.run(pod);
  assert.equal(statusText(status), 'Pending; web waiting ErrImagePull #0');
  const denied = `failed to pull and unpack image "${image}": failed to resolve reference "${image}": pull access denied, repository does not exist or may require authorization`;
  const { message = '' } = status?.containerStatuses?.[0]?.state?.waiting ?? {};
  assert.ok(message.endsWith(denied) && message.indexOf(denied) === message.lastIndexOf(denied), message);
});
