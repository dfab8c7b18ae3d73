/** Deletes certificate signing requests that nobody needs any more. Source: pkg/controller/certificates/cleaner of Kubernetes. */
import { X509Certificate } from 'node:crypto';
import { type Change, remove, requeueAfter } from '../client/change.ts';
import { type Controller, defineController, self } from '../client/controller.ts';
import type { CertificateSigningRequest } from '../kinds/generated/types.ts';
import { isIssued } from './certificate-requests.ts';
import { timeOf } from './pods.ts';

/** From the decision on: whoever asked has had the time to fetch what was issued, or to see why it was not. */
const decidedMilliseconds = 3600 * 1000;
/** From the making on, while nobody has decided, or the signer has not signed. */
const pendingMilliseconds = 24 * 3600 * 1000;

/** When the certificate ends; undefined when it cannot be read. */
function endOf({ status }: CertificateSigningRequest): number | undefined {
  try {
    return new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64')).validToDate.getTime();
  } catch {
    return undefined;
  }
}

/** When the request is to go. */
function deadlineOf(csr: CertificateSigningRequest): number {
  const { conditions = [] } = csr.status ?? {};
  const since = (type: string) => timeOf(conditions.find((each) => each.type === type)?.lastUpdateTime);
  const deadlines = [since('Denied'), since('Failed'), ...(isIssued(csr) ? [since('Approved')] : [])].flatMap(
    (time) => (time === undefined ? [] : [time + decidedMilliseconds]),
  );
  const end = isIssued(csr) ? endOf(csr) : undefined;
  if (end !== undefined) deadlines.push(end);
  const made = timeOf(csr.metadata.creationTimestamp);
  if (!isIssued(csr) && made !== undefined) deadlines.push(made + pendingMilliseconds);
  return Math.min(...deadlines);
}

export const csrCleaner: Controller = defineController({
  name: 'certificatesigningrequest-cleaner',
  watches: { CertificateSigningRequest: self },
  reconcile(key, view): Change[] {
    const csr = view.get('CertificateSigningRequest', key);
    if (csr === undefined || csr.metadata.deletionTimestamp !== undefined) return [];
    const remaining = deadlineOf(csr) - view.now();
    if (remaining === Number.POSITIVE_INFINITY) return [];
    return remaining > 0 ? [requeueAfter(remaining)] : [remove('CertificateSigningRequest', csr)];
  },
});
