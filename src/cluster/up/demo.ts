/** A Deployment behind a load balancer's address, to see that the cluster answers. */
import { get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Deployment, Service } from '../../kinds/generated/types.ts';
import { StatusError } from '../../kinds/status.ts';
import { UserError } from '../../lib/errors.ts';
import { realPort } from '../../lib/low-ports.ts';
import type { Api } from './api.ts';
import { upLimits } from './limits.ts';
import type { ClusterMode } from './settings.ts';

export const demoName = 'hello';
const metadata = { name: demoName, namespace: 'default', labels: { app: demoName } };
const demoImage = 'rxmllc/hostinfo:alpine';
const demoPort = 9898;
/** A SYN that was lost is sent again after a second only: rather ask anew. */
const answerMilliseconds = 500;

const deployment: Deployment = {
  metadata,
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: demoName } },
    template: {
      metadata: { labels: { app: demoName } },
      spec: { containers: [{ name: demoName, image: demoImage, ports: [{ containerPort: demoPort }] }] },
    },
  },
};

const service: Service = {
  metadata,
  spec: {
    type: 'LoadBalancer',
    selector: { app: demoName },
    ports: [{ port: 80, targetPort: demoPort }],
  },
};

export async function createDemo({ client }: Api): Promise<void> {
  await Promise.all([
    client.of('Deployment').create(deployment).catch(existing),
    client.of('Service').create(service).catch(existing),
  ]);
}

/** Whether it is there still: whoever deletes it does not get it again. */
export async function hasDemo({ client }: Api): Promise<boolean> {
  const options = { namespace: metadata.namespace, fieldSelector: `metadata.name=${demoName}` };
  const [deployments, services] = await Promise.all([
    client.of('Deployment').list(options),
    client.of('Service').list(options),
  ]);
  return deployments.items.length > 0 && services.items.length > 0;
}

function existing(error: unknown): void {
  if (!(error instanceof StatusError) || error.reason !== 'AlreadyExists') throw error;
}

export interface DemoAnswer {
  readonly address: string;
  /** What it answered, as a line. */
  readonly text: string;
}

/** What the Service answers at its address. Throws DEMO_FAILED with what kept it from answering. */
export async function askDemo(
  { client }: Api,
  { mode, onProgress }: { mode: ClusterMode; onProgress: (detail: string) => void },
): Promise<DemoAnswer> {
  const deadline = performance.now() + upLimits.demoMilliseconds;
  let found = 'nothing was looked at';
  while (performance.now() < deadline) {
    const object = await client.of('Service').get(metadata);
    const ingress = object.status?.loadBalancer?.ingress?.[0];
    const address = ingress?.ip;
    const { status } = await client.of('Deployment').get(metadata);
    const port = realPort(object.spec?.ports?.[0]?.port ?? 80, {
      lowPorts: mode === 'containers' || process.getuid?.() === 0,
    });
    if (address === undefined) found = 'its Service has no EXTERNAL-IP yet';
    else if ((status?.readyReplicas ?? 0) === 0) found = 'none of its pods is ready yet';
    else {
      const answer = await ask(`http://${address}:${port}/`);
      if (answer.isRight) return { address: port === 80 ? address : `${address}:${port}`, text: answer.text };
      found = `http://${address}:${port}/ does not answer: ${answer.text}`;
    }
    onProgress(found);
    await wait(upLimits.pollMilliseconds);
  }
  throw new UserError(
    'DEMO_FAILED',
    `the demo does not answer after ${upLimits.demoMilliseconds / 1000} s: ${found}; look with: kubectl describe pods,services -l app=${demoName}`,
  );
}

/** Not `fetch`, which keeps away from some ports that a cluster without privileges has instead of 80. */
function ask(url: string): Promise<{ isRight: boolean; text: string }> {
  return new Promise((resolve) => {
    const failed = (failure: Error) => resolve({ isRight: false, text: failure.message });
    const request = get(url, { agent: false, timeout: answerMilliseconds }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', failed);
      response.on('end', () => {
        const [text = ''] = Buffer.concat(chunks).toString().trim().split('\n');
        resolve({ isRight: response.statusCode === 200 && text !== '', text });
      });
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', failed);
  });
}
