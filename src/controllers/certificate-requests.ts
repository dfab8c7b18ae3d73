/** What the controllers of certificate signing requests ask of one. Source: pkg/controller/certificates of Kubernetes. */
import type { CertificateSigningRequest } from '../kinds/generated/types.ts';
import {
  type CertificateRequest,
  CertificateRequestError,
  parseCertificateRequest,
} from '../lib/certificate-request.ts';

export const hasCondition = (
  { status }: CertificateSigningRequest,
  type: 'Approved' | 'Denied' | 'Failed',
): boolean => (status?.conditions ?? []).some((condition) => condition.type === type);

export const isIssued = ({ status }: CertificateSigningRequest): boolean =>
  (status?.certificate ?? '') !== '';

/** The PEM that was sent. */
export const pemOfRequest = ({ spec }: CertificateSigningRequest): string =>
  Buffer.from(spec.request, 'base64').toString('latin1');

/** Undefined when it cannot be read; the server has taken none of those. */
export function parsedRequest(request: CertificateSigningRequest): CertificateRequest | undefined {
  try {
    return parseCertificateRequest(pemOfRequest(request));
  } catch (failure) {
    if (failure instanceof CertificateRequestError) return undefined;
    throw failure;
  }
}
