/** What approvers and signers may write. Source: pkg/apis/certificates/validation of Kubernetes. */
import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { duplicate, type FieldError, forbidden, invalid, notSupported, path, required } from '../field.ts';
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../generated/types.ts';

const conditionsAt = path('status', 'conditions');
const certificateAt = path('status', 'certificate');

const final = ['Approved', 'Denied', 'Failed'];

function validateConditions(conditions: readonly CertificateSigningRequestCondition[]): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, { type = '', status = '' }] of conditions.entries()) {
    const at = conditionsAt.index(index);
    const allowed = final.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (type === '') errors.push(required(at.child('type'), ''));
    if (status === '') errors.push(required(at.child('status'), ''));
    else if (!allowed.includes(status)) errors.push(notSupported(at.child('status'), status, allowed));
    const other = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (other !== undefined && seen.has(other))
      errors.push(invalid(at.child('type'), type, 'Approved and Denied conditions are mutually exclusive'));
    if (seen.has(type)) errors.push(duplicate(at.child('type'), type));
    seen.add(type);
  }
  return errors;
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]*)-----\n?([\s\S]*?)-----END \1-----/g;

/** Upstream's words for a certificate that is none; undefined for a good one. */
function certificateFault(base64: string): string | undefined {
  const text = Buffer.from(base64, 'base64').toString('latin1');
  const blocks = [...text.matchAll(pemBlock)];
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const [index, [, type = '', content = '']] of blocks.entries()) {
    if (type !== 'CERTIFICATE')
      return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (content.includes(':')) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(Buffer.from(content, 'base64'));
    } catch {
      return `found CERTIFICATE PEM block containing 0 certificates at ${index}`;
    }
  }
  return undefined;
}

/** What the write is: of the request itself, of its approval, or of the signer's part. */
export type CertificateWrite = '' | 'approval' | 'status';

/** What an update of conditions and certificate may not do. */
export function validateStatusChange(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  write: CertificateWrite,
): FieldError[] {
  const { conditions = [], certificate = '' } = request.status ?? {};
  const before = old.status ?? {};
  const errors = validateConditions(conditions);
  if (certificate !== '' && certificate !== before.certificate) {
    const fault = certificateFault(certificate);
    if (fault !== undefined) errors.push(invalid(certificateAt, '<certificate data>', fault));
  }
  for (const type of final)
    errors.push(...validateConditionChange(type, { conditions, before: before.conditions ?? [], write }));
  if (certificate !== (before.certificate ?? '')) {
    if (write !== 'status') errors.push(forbidden(certificateAt, 'updates may not set certificate content'));
    else if ((before.certificate ?? '') !== '')
      errors.push(forbidden(certificateAt, 'updates may not modify existing certificate content'));
  }
  return errors;
}

/** A decision is final; and only an approver decides. */
function validateConditionChange(
  type: string,
  change: {
    conditions: readonly CertificateSigningRequestCondition[];
    before: readonly CertificateSigningRequestCondition[];
    write: CertificateWrite;
  },
): FieldError[] {
  const of = (all: readonly CertificateSigningRequestCondition[]) => all.filter((each) => each.type === type);
  const [now, then] = [of(change.conditions), of(change.before)];
  const shown = JSON.stringify(type);
  if (now.length < then.length)
    return [forbidden(conditionsAt, `updates may not remove a condition of type ${shown}`)];
  if (type === 'Failed' || change.write === 'approval') return [];
  if (now.length > then.length)
    return [forbidden(conditionsAt, `updates may not add a condition of type ${shown}`)];
  const isSame = now.every((each, index) => isDeepStrictEqual(each, then[index]));
  return isSame ? [] : [forbidden(conditionsAt, `updates may not modify a condition of type ${shown}`)];
}
