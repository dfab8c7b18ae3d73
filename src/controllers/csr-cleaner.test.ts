import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  authorityOf,
  requestPem,
  type SampleRequest,
  sampleRequest,
  signRequest,
} from '../../test/certificate-requests.ts';
import { remove, requeueAfter } from '../client/change.ts';
import { fixedView } from '../client/fixed-view.ts';
import { csrCleaner } from './csr-cleaner.ts';

const made = Date.UTC(2026, 0, 1);
const minute = 60_000;
const hour = 60 * minute;
const short = signRequest(await authorityOf(made), requestPem(), {
  usages: ['client auth'],
  expirationSeconds: 600,
  now: made,
});

describe('a request goes', () => {
  /** `after`: from its making and its decision. */
  const cases: [name: string, sample: SampleRequest, after: number][] = [
    ['a day after it was made, when nobody decides', {}, 24 * hour],
    ['a day after it was made, when nobody signs', { conditions: ['Approved'] }, 24 * hour],
    ['an hour after it was denied', { conditions: ['Denied'] }, hour],
    ['an hour after it failed', { conditions: ['Approved', 'Failed'] }, hour],
    ['an hour after it was approved and signed', { conditions: ['Approved'], certificate: 'rubbish' }, hour],
    ['with the end of its certificate', { conditions: ['Approved'], certificate: short }, 10 * minute],
  ];
  for (const [name, sample, after] of cases)
    test(name, () => {
      const request = sampleRequest(sample);
      const at = (now: number) =>
        csrCleaner.reconcile('csr-1', fixedView(csrCleaner, { now, objects: [request] as never }));
      assert.deepEqual(at(made + after - 1), [requeueAfter(1)]);
      assert.deepEqual(at(made + after), [remove('CertificateSigningRequest', request)]);
    });
});
