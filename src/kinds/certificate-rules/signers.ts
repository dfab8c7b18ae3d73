/** What each of the cluster's own signers asks of a request. Source: pkg/apis/certificates/helpers.go, pkg/controller/certificates/signer. */
import type { CertificateRequest } from '../../lib/certificate-request.ts';

export const signerNames = {
  apiServerClient: 'kubernetes.io/kube-apiserver-client',
  kubeletClient: 'kubernetes.io/kube-apiserver-client-kubelet',
  kubeletServing: 'kubernetes.io/kubelet-serving',
  legacyUnknown: 'kubernetes.io/legacy-unknown',
} as const;

export const nodeGroup = 'system:nodes';
export const nodeUserPrefix = 'system:node:';

const isOneOf = (usages: readonly string[], wanted: readonly string[]): boolean =>
  usages.length === wanted.length && wanted.every((usage) => usages.includes(usage));

/** With the usage that only RSA keys need, or without. */
function usageFault(usages: readonly string[], last: string): string | undefined {
  const needed = ['digital signature', last];
  const withRSA = [...needed, 'key encipherment'];
  if (isOneOf(usages, needed) || isOneOf(usages, withRSA)) return undefined;
  return `usages did not match [${withRSA.sort().join(' ')}]`;
}

const isOfNodes = ({ organizations }: CertificateRequest): boolean =>
  organizations.length === 1 && organizations[0] === nodeGroup;

const notNodes = 'subject organization is not system:nodes';
const notNodeName = 'subject common name does not begin with system:node:';

/** What a request for a node's client certificate lacks; undefined: nothing. */
export function kubeletClientFault(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  if (!isOfNodes(request)) return notNodes;
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.addresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!request.commonName.startsWith(nodeUserPrefix)) return notNodeName;
  return usageFault(usages, 'client auth');
}

/** The same for the certificate with which a node serves. */
export function kubeletServingFault(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  if (!isOfNodes(request)) return notNodes;
  if (request.dnsNames.length === 0 && request.addresses.length === 0)
    return 'DNS or IP subjectAltName is required';
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  return (
    usageFault(usages, 'server auth') ??
    (request.commonName.startsWith(nodeUserPrefix) ? undefined : notNodeName)
  );
}

/** The same for a client certificate of anybody. */
export function clientFault(usages: readonly string[]): string | undefined {
  const optional = ['digital signature', 'key encipherment'];
  const strange = usages.find((usage) => usage !== 'client auth' && !optional.includes(usage));
  if (strange !== undefined) return `invalid usage for client certificate: ${strange}`;
  return usages.includes('client auth')
    ? undefined
    : 'missing required usage for client certificate: client auth';
}
