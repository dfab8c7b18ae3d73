/**
 * Approves the requests of nodes: for a client certificate, by who shows a bootstrap token or by the node itself; and for
 * the certificate with which the node serves. Upstream leaves the last to the cluster's owner, because nobody tells it
 * which names and addresses are the node's own. Here the name must be the node's, and no address another node's, a
 * Service's or the API server's: clients of the API server look at no more than that, and would take the node for it. The
 * API server looks at the certificate's node name, too, when it dials. Everything else waits for `kubectl certificate approve`. Source: pkg/controller/certificates/approver of Kubernetes.
 */
import { type Change, requeueAfter, update } from '../client/change.ts';
import { type Controller, defineController, observe, self } from '../client/controller.ts';
import type { View } from '../client/view.ts';
import {
  kubeletClientFault,
  kubeletServingFault,
  nodeGroup,
  nodeUserPrefix,
  signerNames,
} from '../kinds/certificate-rules/signers.ts';
import type { CertificateSigningRequest, Node } from '../kinds/generated/types.ts';
import type { CertificateRequest } from '../lib/certificate-request.ts';
import { addressScope, canonicalAddress, parseAddress } from '../lib/ip.ts';
import { hasCondition, isIssued, parsedRequest } from './certificate-requests.ts';
import { servingRetryMilliseconds } from './limits.ts';

const bootstrappersGroup = 'system:bootstrappers';

const canonical = (address: string): string => canonicalAddress(address) ?? address;

const addressesOf = (node: Node): string[] =>
  (node.status?.addresses ?? []).map(({ address }) => canonical(address));

/** The request is the node's own: made under the name that the certificate is to bear. */
const isOwn = ({ spec }: CertificateSigningRequest, { commonName }: CertificateRequest): boolean =>
  spec.username === commonName && (spec.groups ?? []).includes(nodeGroup);

/** A node chooses its own name: it may be none under which the API server is known, nor stand for several. */
const isTrap = (name: string): boolean =>
  name.includes('*') || /^(localhost|kubernetes(\.default(\.svc(\..+)?)?)?)\.?$/i.test(name);

/** Nobody else may have it, and everybody is there: a client on the node's machine would take it for what it dials. */
function isLoopback(text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && addressScope(address) === 'loopback';
}

/** Names are the node's, and no address belongs to another node, a Service or the API server. */
function servesAsItself(request: CertificateRequest, view: View, ofServer: ReadonlySet<string>): boolean {
  const name = request.commonName.slice(nodeUserPrefix.length);
  const node = view.get('Node', name);
  const names = new Set([name, ...(node === undefined ? [] : addressesOf(node))]);
  const isFree = (each: string) => !isTrap(each) && !ofServer.has(each.toLowerCase());
  if (!request.dnsNames.every((each) => names.has(each) && isFree(each))) return false;
  const others = view.list('Node').filter(({ metadata }) => metadata.name !== name);
  const services = view.list('Service').flatMap(({ spec }) => spec?.clusterIPs ?? []);
  const taken = new Set([...others.flatMap(addressesOf), ...services.map(canonical), ...ofServer]);
  return request.addresses.every((address) => !taken.has(canonical(address)) && !isLoopback(address));
}

/** Why it is approved, or undefined; `false`: not yet, but what it lacks may come. */
function approvalOf(
  csr: CertificateSigningRequest,
  request: CertificateRequest,
  { view, ofServer }: { view: View; ofServer: ReadonlySet<string> },
): string | false | undefined {
  const { signerName, usages = [], groups = [] } = csr.spec;
  if (signerName === signerNames.kubeletClient && kubeletClientFault(request, usages) === undefined) {
    if (isOwn(csr, request))
      return 'Auto approving self kubelet client certificate after SubjectAccessReview.';
    return groups.includes(bootstrappersGroup)
      ? 'Auto approving kubelet client certificate after SubjectAccessReview.'
      : undefined;
  }
  if (signerName !== signerNames.kubeletServing) return undefined;
  if (kubeletServingFault(request, usages) !== undefined || !isOwn(csr, request)) return undefined;
  return servesAsItself(request, view, ofServer)
    ? "Auto approving kubelet server certificate for the node's own name and addresses."
    : false;
}

/** `serverNames`: names and addresses under which the API server is known, beside those of its Service. */
export function csrApproving(serverNames: readonly string[] = []): Controller {
  const ofServer = new Set(serverNames.map((name) => canonical(name.toLowerCase())));
  return defineController({
    name: 'certificatesigningrequest-approving',
    watches: { CertificateSigningRequest: self, Node: observe, Service: observe },
    reconcile(key, view): Change[] {
      const csr = view.get('CertificateSigningRequest', key);
      if (csr === undefined || isIssued(csr) || csr.metadata.deletionTimestamp !== undefined) return [];
      if (hasCondition(csr, 'Approved') || hasCondition(csr, 'Denied')) return [];
      const request = parsedRequest(csr);
      const message = request && approvalOf(csr, request, { view, ofServer });
      if (message === undefined) return [];
      if (message === false) return [requeueAfter(servingRetryMilliseconds)];
      const approved = structuredClone(csr);
      approved.status = {
        ...approved.status,
        conditions: [
          ...(approved.status?.conditions ?? []),
          { type: 'Approved', status: 'True', reason: 'AutoApproved', message },
        ],
      };
      return [update('CertificateSigningRequest', approved, { subresource: 'approval' })];
    },
  });
}
