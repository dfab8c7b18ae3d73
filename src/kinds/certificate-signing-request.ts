import { ageColumn, humanDuration, nameColumn, none, textColumn } from './columns.ts';
import { duplicate, type FieldError, invalid, notSupported, path, required } from './field.ts';
import type { CertificateSigningRequest } from './generated/types.ts';
import { defineKind } from './kind.ts';
import { isDNS1123Subdomain, isPathSegmentName } from './names.ts';

const expirationSecondsMin = 600;

/** In the order in which upstream's sorted set prints them. */
const usages = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

function validateSignerName(name: string): FieldError[] {
  const at = path('spec', 'signerName');
  if (name === '') return [required(at, '')];
  const [domain = '', ...segments] = name.split('/');
  const isPath = segments.length === 1 && segments[0] !== '';
  if (!isPath || !domain.includes('.'))
    return [
      invalid(at, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    ];
  return isDNS1123Subdomain(domain).map((message) =>
    invalid(at, domain, `validating label "${domain.split('.')[0]}": ${message}`),
  );
}

function validate({ spec }: CertificateSigningRequest): FieldError[] {
  const at = path('spec');
  const errors: FieldError[] = [];
  const { request = '', usages: given = [], signerName = '', expirationSeconds } = spec ?? {};
  const pem = Buffer.from(request, 'base64').toString('latin1');
  if (!pem.includes('-----BEGIN CERTIFICATE REQUEST-----'))
    errors.push(invalid(at.child('request'), request, 'PEM block type must be CERTIFICATE REQUEST'));
  if (given.length === 0) errors.push(required(at.child('usages'), ''));
  for (const [index, usage] of given.entries()) {
    if (!usages.includes(usage)) errors.push(notSupported(at.child('usages').index(index), usage, usages));
    if (given.indexOf(usage) < index) errors.push(duplicate(at.child('usages').index(index), usage));
  }
  errors.push(...validateSignerName(signerName));
  if (expirationSeconds !== undefined && expirationSeconds < expirationSecondsMin)
    errors.push(
      invalid(
        at.child('expirationSeconds'),
        expirationSeconds,
        'may not specify a duration less than 600 seconds (10 minutes)',
      ),
    );
  return errors;
}

/** The words of the conditions, and whether there is a certificate yet. */
function conditionCell({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean =>
    (status?.conditions ?? []).some((condition) => condition.type === type);
  const words = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending'];
  if (has('Failed')) words.push('Failed');
  if ((status?.certificate ?? '') !== '') words.push('Issued');
  return words.join(',');
}

export const certificateSigningRequest = defineKind<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  scope: 'Cluster',
  shortNames: ['csr'],
  subresources: ['approval', 'status'],
  validateName: isPathSegmentName,
  defaults: (request) => {
    request.status ??= {};
  },
  prepareUpdate: (request, old) => {
    request.spec = old.spec;
  },
  validate,
  selectableFields: ({ spec }) => ({ 'spec.signerName': spec?.signerName ?? '' }),
  columns: [
    nameColumn,
    ageColumn,
    textColumn<CertificateSigningRequest>('SignerName', ({ spec }) => spec?.signerName || none),
    textColumn<CertificateSigningRequest>('Requestor', ({ spec }) => spec?.username ?? ''),
    textColumn<CertificateSigningRequest>('RequestedDuration', ({ spec }) =>
      spec?.expirationSeconds === undefined ? none : humanDuration(spec.expirationSeconds * 1000),
    ),
    textColumn<CertificateSigningRequest>('Condition', conditionCell),
  ],
  example: {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'ada' },
    spec: {
      request: Buffer.from(
        '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n',
      ).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
    },
  },
});
