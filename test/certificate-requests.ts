/** Certificate signing requests for tests of those who approve and sign them. */
import { issueAuthority } from '../src/cluster/issue.ts';
import {
  makeCertificateRequest,
  makePrivateKey,
  type RequestedNames,
  signRequest,
} from '../src/cluster/sign-request.ts';
import type { CertificateSigningRequest } from '../src/kinds/generated/types.ts';

const key = await makePrivateKey();

/** PEM, of one key. */
export const requestPem = (wanted: Partial<RequestedNames> = {}): string =>
  makeCertificateRequest(key, {
    commonName: 'system:node:n1',
    organizations: ['system:nodes'],
    names: [],
    ...wanted,
  });

/** An authority that begins at `now`. */
export const authorityOf = issueAuthority;

export const clientSigner = 'kubernetes.io/kube-apiserver-client-kubelet';
export const servingSigner = 'kubernetes.io/kubelet-serving';

export interface SampleRequest extends Partial<CertificateSigningRequest['spec']> {
  readonly wanted?: Partial<RequestedNames>;
  readonly conditions?: readonly string[];
  readonly certificate?: string;
}

export { signRequest };

/** As the server has it: a node's request for its client certificate, unless said otherwise. */
export function sampleRequest(sample: SampleRequest = {}): CertificateSigningRequest {
  const { wanted, conditions = [], certificate, ...spec } = sample;
  return {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'csr-1', uid: 'u1', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      request: Buffer.from(requestPem(wanted)).toString('base64'),
      signerName: clientSigner,
      usages: ['digital signature', 'client auth'],
      username: 'system:bootstrap:abcdef',
      groups: ['system:bootstrappers', 'system:authenticated'],
      ...spec,
    },
    status: {
      ...(certificate === undefined ? {} : { certificate: Buffer.from(certificate).toString('base64') }),
      ...(conditions.length === 0
        ? {}
        : {
            conditions: conditions.map((type) => ({
              type,
              status: 'True',
              lastUpdateTime: '2026-01-01T00:00:00Z',
            })),
          }),
    },
  };
}
