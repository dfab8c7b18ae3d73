import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { authorityOf } from '../../../test/certificate-requests.ts';
import { certificateSigningRequest } from '../certificate-signing-request.ts';
import type { CertificateSigningRequest } from '../generated/types.ts';
import { statusErrors, updateErrors } from '../test-kit.ts';

const { certificate: pem, key } = await authorityOf(Date.UTC(2026, 0, 1));
const base64 = (text: string) => Buffer.from(text).toString('base64');
const certificate = base64(pem);
const is = (type: string, status = 'True') => ({ type, status });
const of = (status: object): CertificateSigningRequest =>
  ({ ...structuredClone(certificateSigningRequest.example), status }) as CertificateSigningRequest;

type Case = [name: string, subresource: string, old: object, now: object, errors: string[]];

describe('what may be written', () => {
  const cases: Case[] = [
    ['an approval', 'approval', {}, { conditions: [is('Approved')] }, []],
    ['a denial', 'approval', {}, { conditions: [is('Denied')] }, []],
    [
      'a failure beside an approval',
      'status',
      { conditions: [is('Approved')] },
      { conditions: [is('Approved'), is('Failed')] },
      [],
    ],
    [
      'the certificate',
      'status',
      { conditions: [is('Approved')] },
      { conditions: [is('Approved')], certificate },
      [],
    ],
    ['two certificates', 'status', {}, { certificate: base64(pem + pem) }, []],
    ['a condition of one’s own', 'status', {}, { conditions: [is('Mine', 'Unknown')] }, []],
    [
      'an approval by /status',
      'status',
      {},
      { conditions: [is('Approved')] },
      ['status.conditions: Forbidden: updates may not add a condition of type "Approved"'],
    ],
    [
      'an approval that goes',
      'approval',
      { conditions: [is('Approved')] },
      {},
      ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"'],
    ],
    [
      'an approval that changes by /status',
      'status',
      { conditions: [is('Approved')] },
      { conditions: [{ ...is('Approved'), reason: 'Other' }] },
      ['status.conditions: Forbidden: updates may not modify a condition of type "Approved"'],
    ],
    [
      'both',
      'approval',
      { conditions: [is('Denied')] },
      { conditions: [is('Denied'), is('Approved')] },
      [
        'status.conditions[1].type: Invalid value: "Approved": Approved and Denied conditions are mutually exclusive',
      ],
    ],
    [
      'one twice',
      'approval',
      {},
      { conditions: [is('Approved'), is('Approved')] },
      ['status.conditions[1].type: Duplicate value: "Approved"'],
    ],
    [
      'an approval that is none',
      'approval',
      {},
      { conditions: [is('Approved', 'False')] },
      ['status.conditions[0].status: Unsupported value: "False": supported values: "True"'],
    ],
    [
      'a condition without a word',
      'approval',
      {},
      { conditions: [is('', '')] },
      ['status.conditions[0].type: Required value', 'status.conditions[0].status: Required value'],
    ],
    [
      'another certificate',
      'status',
      { certificate },
      { certificate: base64(`${pem}\n`) },
      ['status.certificate: Forbidden: updates may not modify existing certificate content'],
    ],
    [
      'a certificate that is none',
      'status',
      {},
      { certificate: base64('rubbish') },
      [
        'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
      ],
    ],
    [
      'a key',
      'status',
      {},
      { certificate: base64(pem + key) },
      [
        'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "PRIVATE KEY"',
      ],
    ],
  ];
  for (const [name, subresource, old, now, errors] of cases)
    test(name, () =>
      assert.deepEqual(statusErrors(certificateSigningRequest, of(now), of(old), subresource), errors),
    );
});

test('an approver issues nothing: the certificate stays as it was', () => {
  const now = of({ conditions: [is('Approved')], certificate });
  certificateSigningRequest.prepareStatusUpdate?.(now, of({}), 'approval');
  assert.deepEqual(now.status, { conditions: [is('Approved')] });
});

test('an update of the request itself may neither approve nor issue', () => {
  assert.deepEqual(
    updateErrors(certificateSigningRequest, of({ conditions: [is('Approved')], certificate }), of({})),
    [
      'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
      'status.certificate: Forbidden: updates may not set certificate content',
    ],
  );
});
