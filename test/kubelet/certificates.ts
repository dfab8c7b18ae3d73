/** Certificates as the cluster makes them, for tests of both ends of the way from the API server to a kubelet. */
import { issueAuthority, issueLeaf, type KeyPair } from '../../src/cluster/issue.ts';
import { systemClock } from '../../src/lib/system.ts';

export type { KeyPair } from '../../src/cluster/issue.ts';

const yearMilliseconds = 365 * 24 * 3600 * 1000;

export interface KubeletCertificates {
  readonly authority: KeyPair;
  readonly serving: KeyPair;
  /** What the API server shows. */
  readonly apiServer: KeyPair;
  client(commonName: string): Promise<KeyPair>;
  renewedServing(): Promise<KeyPair>;
  /** In the API server's name, and of no use. */
  readonly useless: Readonly<Record<'expired' | 'ofAnotherAuthority' | 'forServers', KeyPair>>;
}

export async function makeKubeletCertificates(): Promise<KubeletCertificates> {
  const now = systemClock.now();
  const [authority, other] = await Promise.all([issueAuthority(now), issueAuthority(now)]);
  const common = { organization: 'system:masters', names: [], now };
  const apiServer = { ...common, commonName: 'kube-apiserver-kubelet-client', usage: 'client' as const };
  const issueServing = () =>
    issueLeaf(authority, {
      commonName: 'system:node:node-1',
      organization: 'system:nodes',
      names: ['node-1', '127.0.0.1'],
      usage: 'server',
      now,
    });
  return {
    authority,
    serving: await issueServing(),
    apiServer: await issueLeaf(authority, apiServer),
    client: (commonName) => issueLeaf(authority, { ...apiServer, commonName }),
    renewedServing: issueServing,
    useless: {
      expired: await issueLeaf(authority, { ...apiServer, now: now - 2 * yearMilliseconds }),
      ofAnotherAuthority: await issueLeaf(other, apiServer),
      forServers: await issueLeaf(authority, { ...apiServer, usage: 'server' }),
    },
  };
}
