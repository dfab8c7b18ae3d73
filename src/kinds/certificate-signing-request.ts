import { CertificateRequestError, parseCertificateRequest } from '../lib/certificate-request.ts';
import { signerNames } from './certificate-rules/signers.ts';
import { type CertificateWrite, validateStatusChange } from './certificate-rules/validate-status.ts';
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

/** `request`: base64 of the PEM. Updates leave it alone: a request is read once. */
function requestFault(request: string): string | undefined {
  try {
    parseCertificateRequest(Buffer.from(request, 'base64').toString('latin1'));
    return undefined;
  } catch (failure) {
    if (failure instanceof CertificateRequestError) return failure.message;
    throw failure;
  }
}

function validate({ spec }: CertificateSigningRequest): FieldError[] {
  const at = path('spec');
  const errors: FieldError[] = [];
  const { request = '', usages: given = [], signerName = '', expirationSeconds } = spec ?? {};
  const fault = requestFault(request);
  if (fault !== undefined) errors.push(invalid(at.child('request'), request, fault));
  if (given.length === 0) errors.push(required(at.child('usages'), ''));
  for (const [index, usage] of given.entries()) {
    if (!usages.includes(usage)) errors.push(notSupported(at.child('usages').index(index), usage, usages));
    if (given.indexOf(usage) < index) errors.push(duplicate(at.child('usages').index(index), usage));
  }
  if (signerName === signerNames.legacyUnknown)
    errors.push(
      invalid(
        at.child('signerName'),
        signerName,
        'the legacy signerName is not allowed via this API version',
      ),
    );
  else errors.push(...validateSignerName(signerName));
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

/** An approver decides, and does not issue. */
function prepareStatusUpdate(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  subresource: string,
): void {
  if (subresource !== 'approval') return;
  const { conditions } = request.status ?? {};
  request.status = { ...old.status };
  if (conditions === undefined) delete request.status.conditions;
  else request.status.conditions = conditions;
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

/** For user ada of the group engineers; nobody has its key. */
const exampleRequest = Buffer.from(
  [
    '-----BEGIN CERTIFICATE REQUEST-----',
    'MIHdMIGEAgEAMCIxEjAQBgNVBAoMCWVuZ2luZWVyczEMMAoGA1UEAwwDYWRhMFkw',
    'EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXzIbi3Jqe5GlFgJahSTCgH4M/LL4AxtS',
    'hdCblv3JaOAKOUDsYfwkQhftlRuX0Bfd7oNcBRUYxPySeuiAQ9gHU6AAMAoGCCqG',
    'SM49BAMCA0gAMEUCIQCvIhjbEtKH7Evs/JOklwzQIrtwY1/DFCm3uKu6/KXhgAIg',
    'XdH0FPOQn8ewnD7+K4s1mZxOtpwkR15P/KyeTQ4mX+4=',
    '-----END CERTIFICATE REQUEST-----',
    '',
  ].join('\n'),
).toString('base64');

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
  prepareStatusUpdate,
  validateCreate: validate,
  validateUpdate: (request, old) => validateStatusChange(request, old, ''),
  validateStatusUpdate: (request, old, subresource) =>
    validateStatusChange(request, old, subresource as CertificateWrite),
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
      request: exampleRequest,
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
    },
  },
});
