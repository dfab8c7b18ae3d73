/**
 * Signs what was approved, for the cluster's own signers. Source: pkg/controller/certificates/signer of Kubernetes.
 */
import { type Change, updateStatus } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import {
  clientFault,
  kubeletClientFault,
  kubeletServingFault,
  signerNames,
} from '../kinds/certificate-rules/signers.ts';
import type { CertificateSigningRequest } from '../kinds/generated/types.ts';
import type { CertificateRequest } from '../lib/certificate-request.ts';
import { hasCondition, isIssued, parsedRequest, pemOfRequest } from './certificate-requests.ts';

/** Signs a request, PEM, with the cluster's authority. The certificate, PEM. Never for longer than the authority lives. */
export type CertificateSigner = (
  request: string,
  options: {
    readonly usages: readonly string[];
    readonly expirationSeconds: number | undefined;
    /** Milliseconds since the epoch. */
    readonly now: number;
  },
) => string;

type Fault = (request: CertificateRequest, usages: readonly string[]) => string | undefined;

/** Requests of the old API had no signer; they are signed as they are. */
const faults: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  [signerNames.apiServerClient, (_request, usages) => clientFault(usages)],
  [signerNames.kubeletClient, kubeletClientFault],
  [signerNames.kubeletServing, kubeletServingFault],
  [signerNames.legacyUnknown, () => undefined],
]);

function failed(csr: CertificateSigningRequest, message: string): Change {
  const { status } = csr;
  const condition = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message };
  return updateStatus('CertificateSigningRequest', {
    ...csr,
    status: { ...status, conditions: [...(status?.conditions ?? []), condition] },
  });
}

export function csrSigning(sign: CertificateSigner): Controller {
  return defineController({
    name: 'certificatesigningrequest-signing',
    watches: { CertificateSigningRequest: self },
    reconcile(key, view): Change[] {
      const csr = view.get('CertificateSigningRequest', key);
      if (csr === undefined || isIssued(csr) || csr.metadata.deletionTimestamp !== undefined) return [];
      if (!hasCondition(csr, 'Approved') || hasCondition(csr, 'Denied') || hasCondition(csr, 'Failed'))
        return [];
      const { signerName, usages = [], expirationSeconds } = csr.spec;
      const faultOf = faults.get(signerName);
      const request = parsedRequest(csr);
      if (faultOf === undefined || request === undefined) return [];
      const fault = faultOf(request, usages);
      if (fault !== undefined) return [failed(csr, fault)];
      const pem = sign(pemOfRequest(csr), { usages, expirationSeconds, now: view.now() });
      const certificate = Buffer.from(pem).toString('base64');
      return [updateStatus('CertificateSigningRequest', { ...csr, status: { ...csr.status, certificate } })];
    },
  });
}
