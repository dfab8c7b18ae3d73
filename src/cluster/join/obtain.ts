/**
 * A certificate for a key, asked of the API server and waited for. The request's name comes from the key: asked again
 * after a restart, it is the same request.
 */
import { createHash, createPublicKey } from 'node:crypto';
import { backoffMilliseconds } from '../../client/backoff.ts';
import { AbortedError } from '../../client/transport.ts';
import type { Client } from '../../client/typed-client.ts';
import type { CertificateSigningRequest } from '../../kinds/generated/types.ts';
import { isNotFoundStatus, StatusError } from '../../kinds/status.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import { makeCertificateRequest } from '../sign-request.ts';
import type { WantedCertificate } from './key-files.ts';
import { pollWaits, slowApprovalMilliseconds } from './limits.ts';

export interface ObtainTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface CertificateAsked {
  /** PEM */
  readonly key: string;
  readonly wanted: WantedCertificate;
  readonly signerName: string;
  readonly usage: 'client auth' | 'server auth';
}

/** Somebody has denied the request, or the signer cannot sign it. */
export class CertificateRefusedError extends UserError {
  constructor(message: string) {
    super('CERTIFICATE_REFUSED', message);
  }
}

function requestOf({ key, wanted, signerName, usage }: CertificateAsked): CertificateSigningRequest {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const identity = JSON.stringify([wanted.commonName, wanted.names, signerName]);
  const digest = createHash('sha256').update(publicKey).update(identity).digest('hex');
  const pem = makeCertificateRequest(key, {
    commonName: wanted.commonName,
    organizations: ['system:nodes'],
    names: wanted.names,
  });
  return {
    metadata: { name: `node-csr-${digest.slice(0, 40)}` },
    spec: { request: Buffer.from(pem).toString('base64'), signerName, usages: ['digital signature', usage] },
  };
}

/** The certificate, PEM. Throws CertificateRefusedError, AbortedError, and what the client throws. */
export async function obtainCertificate(
  client: Client,
  asked: CertificateAsked,
  tools: ObtainTools,
): Promise<string> {
  const { clock, random, log, signal } = tools;
  const requests = client.of('CertificateSigningRequest');
  const wanted = requestOf(asked);
  const { name = '' } = wanted.metadata;
  const started = clock.monotonic();
  let told = false;
  for (let attempt = 0; ; attempt++) {
    const found = (await getIfAny(requests, name, signal)) ?? (await createIfNone(requests, wanted, signal));
    const certificate = found && issued(found);
    if (certificate !== undefined) return certificate;
    if (!told && clock.monotonic() - started > slowApprovalMilliseconds) {
      told = true;
      log.warn('the certificate is not approved yet; an administrator approves it', {
        command: `kubectl certificate approve ${name}`,
        signer: asked.signerName,
      });
    }
    await sleep(clock, backoffMilliseconds(pollWaits, attempt, random), signal);
    if (signal.aborted) throw new AbortedError();
  }
}

type Requests = ReturnType<typeof clientRequests>;
const clientRequests = (client: Client) => client.of('CertificateSigningRequest');

async function getIfAny(requests: Requests, name: string, signal: AbortSignal) {
  try {
    return await requests.get({ name }, { signal });
  } catch (failure) {
    if (isNotFoundStatus(failure)) return undefined;
    throw failure;
  }
}

async function createIfNone(requests: Requests, wanted: CertificateSigningRequest, signal: AbortSignal) {
  try {
    return await requests.create(wanted, { signal });
  } catch (failure) {
    // Its answer was lost, or an earlier start of ours was quicker.
    if (failure instanceof StatusError && failure.reason === 'AlreadyExists') return undefined;
    throw failure;
  }
}

/** The certificate; undefined: not yet. */
function issued({ metadata, spec, status }: CertificateSigningRequest): string | undefined {
  const { conditions = [], certificate = '' } = status ?? {};
  const refusal = conditions.find(({ type }) => type === 'Denied' || type === 'Failed');
  if (refusal !== undefined)
    throw new CertificateRefusedError(
      `the certificate signing request ${metadata.name} for ${spec.signerName} was ${refusal.type === 'Denied' ? 'denied' : 'not signed'}: ${refusal.reason ?? ''} ${refusal.message ?? ''}; see kubectl describe csr ${metadata.name}`,
    );
  return certificate === '' ? undefined : Buffer.from(certificate, 'base64').toString('utf8');
}
