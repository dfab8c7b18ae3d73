/** The request of an HTTP lifecycle hook. Source: kubelet/lifecycle/handlers.go, kubelet/kubelet.go. */
import http from 'node:http';
import https from 'node:https';
import { kubeletLimits } from '../limits.ts';
import type { HookRequest } from './hooks.ts';

/** What a server that speaks plain HTTP makes of a TLS greeting. */
const plainAnswers = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO']);

const isPlainAnswer = (failure: unknown): boolean =>
  plainAnswers.has((failure as NodeJS.ErrnoException).code ?? '');

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
}

/** Where nothing answers it waits as long as the grace lets it: whoever asked goes on without it. */
function ask(url: URL, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const module = url.protocol === 'https:' ? https : http;
    const request = module.get(url, {
      agent: false,
      headers: { 'User-Agent': 'kube-lifecycle/1.36', Accept: '*/*', Connection: 'close', ...headers },
      rejectUnauthorized: false,
      timeout: kubeletLimits.hookSilenceMilliseconds,
    });
    request.once('timeout', () => request.destroy(new Error('i/o timeout')));
    request.once('response', (response) => {
      const { statusCode = 0, headers: answered } = response;
      // Its body is nobody's: it is not waited for.
      response.destroy();
      resolve({ status: statusCode, location: answered.location });
    });
    request.once('error', reject);
  });
}

/** Without what is meant for the encrypted way alone. */
const plainHeaders = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));

async function follow(start: URL, headers: Readonly<Record<string, string>>): Promise<void> {
  let url = start;
  for (let redirects = 0; redirects <= kubeletLimits.hookRedirectsMax; redirects++) {
    const { status, location } = await ask(url, headers);
    if (status < 300 || status >= 400 || location === undefined) return;
    const next = new URL(location, url);
    // It has answered; elsewhere is none of this pod's business.
    if (next.hostname !== url.hostname) return;
    url = next;
  }
  throw new Error(`Get "${start}": stopped after ${kubeletLimits.hookRedirectsMax} redirects`);
}

/** As HookRunner takes it. */
export const hookRequest: HookRequest = async (address, headers) => {
  const url = new URL(address);
  try {
    await follow(url, headers);
  } catch (failure) {
    if (url.protocol !== 'https:' || !isPlainAnswer(failure)) {
      const { message } = failure as Error;
      throw message.startsWith('Get ')
        ? failure
        : new Error(`Get "${address}": ${message}`, { cause: failure });
    }
    // `HTTPS` was long ignored: hooks of that time speak plain HTTP.
    url.protocol = 'http:';
    await follow(url, plainHeaders(headers));
  }
};
