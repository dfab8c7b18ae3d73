/**
 * Who may approve and sign, and who may be asked for. Source: plugin/pkg/admission/certificates of Kubernetes, and
 * pkg/registry/certificates for the conditions' times.
 */
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '../../kinds/generated/types.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { forbiddenError } from '../../kinds/status.ts';
import { CertificateRequestError, parseCertificateRequest } from '../../lib/certificate-request.ts';
import type { ResourceRequest } from '../context.ts';
import { timestamp } from '../rest/prepare.ts';
import { type AdmissionPlugin, nameOf } from './plugin.ts';

const group = 'certificates.k8s.io';
const requests = { group, plural: 'certificatesigningrequests' };

const asRequest = (object: AnyObject | undefined) => object as unknown as CertificateSigningRequest;

/** A certificate is asked for in the name of whoever asks. */
export const certificateRequester: AdmissionPlugin = {
  name: 'CertificateRequester',
  resources: [requests],
  admit({ user }, object) {
    const { spec } = asRequest(object);
    spec.username = user.name;
    spec.groups = [...user.groups];
    if (user.uid === undefined) delete spec.uid;
    else spec.uid = user.uid;
    if (user.extra === undefined) delete spec.extra;
    else
      spec.extra = Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]]));
  },
};

/** Conditions say since when, though their writer does not. */
const conditionTimes = (subresource: string): AdmissionPlugin => ({
  name: 'CertificateConditions',
  resources: [requests],
  subresource,
  onUpdate: true,
  admit({ backend }, object, old) {
    const now = timestamp(backend);
    const before = asRequest(old).status?.conditions ?? [];
    const same = ({ type, status }: CertificateSigningRequestCondition) =>
      before.find((each) => each.type === type && each.status === status);
    for (const condition of asRequest(object).status?.conditions ?? []) {
      condition.lastUpdateTime ??= now;
      condition.lastTransitionTime ??= same(condition)?.lastTransitionTime ?? now;
    }
  },
});

export const certificateConditions = [conditionTimes('approval'), conditionTimes('status')];

/** `approve` or `sign` for the signer's name, or for all of its domain. */
function maySign({ backend, user }: ResourceRequest, verb: 'approve' | 'sign', signerName: string): boolean {
  const allows = (name: string) =>
    backend.authorizer.authorize({
      user,
      verb,
      group,
      resource: 'signers',
      subresource: '',
      namespace: '',
      name,
    }).allowed;
  return allows(signerName) || allows(`${signerName.split('/')[0]}/*`);
}

export const certificateApproval: AdmissionPlugin = {
  name: 'CertificateApproval',
  resources: [requests],
  subresource: 'approval',
  validate(request, object, old) {
    const { signerName } = asRequest(old).spec;
    if (maySign(request, 'approve', signerName)) return;
    throw forbiddenError(
      requests,
      nameOf(object),
      `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`,
    );
  },
};

/** Only who writes the certificate or the failure signs; other changes of the status are anybody's who may make them. */
export const certificateSigning: AdmissionPlugin = {
  name: 'CertificateSigning',
  resources: [requests],
  subresource: 'status',
  validate(request, object, old) {
    const [now, before] = [asRequest(object), asRequest(old)];
    const isSame =
      now.status?.certificate === before.status?.certificate &&
      JSON.stringify(now.status?.conditions ?? []) === JSON.stringify(before.status?.conditions ?? []);
    const { signerName } = before.spec;
    if (isSame || maySign(request, 'sign', signerName)) return;
    throw forbiddenError(
      requests,
      nameOf(object),
      `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`,
    );
  },
};

/** Nobody gets to be an administrator by a certificate of this signer. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',
  resources: [requests],
  validate(_request, object, old) {
    const { spec } = asRequest(object);
    if (old !== undefined || spec.signerName !== 'kubernetes.io/kube-apiserver-client') return;
    let organizations: readonly string[];
    try {
      organizations = parseCertificateRequest(
        Buffer.from(spec.request, 'base64').toString('latin1'),
      ).organizations;
    } catch (failure) {
      if (!(failure instanceof CertificateRequestError)) throw failure;
      throw forbiddenError(requests, nameOf(object), `unable to parse CSR: ${failure.message}`);
    }
    if (organizations.includes('system:masters'))
      throw forbiddenError(
        requests,
        nameOf(object),
        'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
      );
  },
};
