/** What tests of the verbs send and how they read answers. */
import type { Answer, TestServer } from '../test-server.ts';

export const configMaps = '/api/v1/namespaces/default/configmaps';
export const deployments = '/apis/apps/v1/namespaces/default/deployments';
export const pods = '/api/v1/namespaces/default/pods';

export const mergePatch = { 'content-type': 'application/merge-patch+json' };
export const strategicPatch = { 'content-type': 'application/strategic-merge-patch+json' };
export const jsonPatch = { 'content-type': 'application/json-patch+json' };
export const applyPatch = { 'content-type': 'application/apply-patch+yaml' };

export const deployment = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});

export const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
});

/** What a refusal says to people and to programs. */
export const verdict = ({ status, body }: Answer) => [status, body.reason, body.message];

/** Merges into an object or one of its subresources, and insists that it worked. */
export async function merge(server: TestServer, url: string, body: unknown): Promise<Answer['body']> {
  const answer = await server.call('PATCH', url, { body, headers: mergePatch });
  if (answer.status !== 200) throw new Error(`${url}: ${answer.text}`);
  return answer.body;
}

/** Creates, and insists that it worked. */
export async function make(server: TestServer, url: string, body: unknown): Promise<Answer['body']> {
  const answer = await server.call('POST', url, { body });
  if (answer.status !== 201) throw new Error(`${url}: ${answer.text}`);
  return answer.body;
}
