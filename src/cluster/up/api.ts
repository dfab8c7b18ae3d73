/** The cluster's API, as its administrator. */
import path from 'node:path';
import { parseKubeconfig } from '../../client/kubeconfig.ts';
import { tlsTransport } from '../../client/tls.ts';
import { bodyBytes } from '../../client/transport.ts';
import { Client } from '../../client/typed-client.ts';
import { systemClock } from '../../lib/system.ts';
import { readFileIfAny } from '../files.ts';
import { ownContext } from '../kubeconfig.ts';

export const kubeconfigFile = (dataDirectory: string): string => path.join(dataDirectory, 'kubeconfig');

export interface Api {
  readonly url: string;
  readonly client: Client;
  isReady(): Promise<boolean>;
  close(): Promise<void>;
}

/** Undefined when there is no kubeconfig yet. */
export async function openApi(dataDirectory: string): Promise<Api | undefined> {
  const text = await readFileIfAny(kubeconfigFile(dataDirectory));
  if (text === undefined) return undefined;
  const kubeconfig = parseKubeconfig(text, { context: ownContext });
  const transport = tlsTransport(kubeconfig, { clock: systemClock });
  return {
    url: kubeconfig.server,
    client: new Client({ transport, clock: systemClock, userAgent: 'wherry/up' }),
    isReady: async () => {
      try {
        const answer = await transport.send({ method: 'GET', url: '/readyz' });
        bodyBytes(answer);
        return answer.status === 200;
      } catch {
        return false;
      }
    },
    close: () => transport.close(),
  };
}
