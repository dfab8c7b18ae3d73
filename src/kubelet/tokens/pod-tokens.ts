/**
 * Tokens of pods' ServiceAccounts: asked for once, kept until most of their life is over, and asked for again.
 * Source: kubelet/token/token_manager.go.
 */
import type { Client } from '../../client/typed-client.ts';
import type { Pod, AuthenticationTokenRequest as TokenRequest } from '../../kinds/generated/types.ts';
import type { Clock } from '../../lib/clock.ts';
import { WherryError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { type Random, randomInteger } from '../../lib/random.ts';
import { kubeletLimits } from '../limits.ts';

export interface TokenWish {
  /** Undefined: whoever the API server itself believes. */
  readonly audience: string | undefined;
  readonly expirationSeconds: number;
}

interface KeptToken {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface PodTokensOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

const keyOf = ({ audience, expirationSeconds }: TokenWish): string =>
  JSON.stringify([audience ?? null, expirationSeconds]);

/** Two tenths of its life before its end, or a day after it was made: whatever comes first. */
function isDue(token: KeptToken, now: number, jitter: number): boolean {
  const life = token.expiresAt - token.issuedAt;
  return (
    now > token.issuedAt + kubeletLimits.tokenKeptMilliseconds - jitter ||
    now > token.expiresAt - life * kubeletLimits.tokenRefreshedShare - jitter
  );
}

export class PodTokens {
  readonly #options: PodTokensOptions;
  /** By pod uid, then by wish: as many as the node's pods have projected tokens. `forget` removes a pod's. */
  readonly #kept = new Map<string, Map<string, KeptToken>>();
  /** Those under way, so that one pod's volumes do not ask for the same twice. */
  readonly #asked = new Map<string, Promise<KeptToken>>();

  constructor(options: PodTokensOptions) {
    this.#options = options;
  }

  /** As NodeVolumes takes it. */
  readonly token = async (pod: Pod, wish: TokenWish): Promise<string> => {
    const { clock, random, log } = this.#options;
    const { uid = '', namespace, name } = pod.metadata;
    const key = keyOf(wish);
    const kept = this.#kept.get(uid)?.get(key);
    const jitter = randomInteger(random, kubeletLimits.tokenJitterMilliseconds);
    if (kept !== undefined && !isDue(kept, clock.now(), jitter)) return kept.text;
    try {
      return (await this.#ask(pod, wish)).text;
    } catch (failure) {
      if (kept === undefined) throw failure;
      const what = `"${pod.spec?.serviceAccountName}"/"${namespace}"`;
      const { message } = failure as Error;
      if (clock.now() >= kept.expiresAt)
        throw new WherryError('TOKEN_EXPIRED', `token ${what} expired and refresh failed: ${message}`);
      log.warn('a token could not be renewed', { pod: name, namespace, error: message });
      return kept.text;
    }
  };

  forget(podUid: string): void {
    this.#kept.delete(podUid);
  }

  #ask(pod: Pod, wish: TokenWish): Promise<KeptToken> {
    const { uid = '' } = pod.metadata;
    const key = keyOf(wish);
    const task = `${uid}/${key}`;
    const underWay = this.#asked.get(task);
    if (underWay !== undefined) return underWay;
    const asked = this.#request(pod, wish)
      .then((token) => {
        const ofPod = this.#kept.get(uid) ?? new Map<string, KeptToken>();
        ofPod.set(key, token);
        this.#kept.set(uid, ofPod);
        return token;
      })
      .finally(() => this.#asked.delete(task));
    this.#asked.set(task, asked);
    return asked;
  }

  async #request(pod: Pod, { audience, expirationSeconds }: TokenWish): Promise<KeptToken> {
    const { name = '', namespace, uid } = pod.metadata;
    const account = pod.spec?.serviceAccountName ?? '';
    const request: TokenRequest = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        // The audience of the server itself is its own affair: an empty list.
        audiences: audience === undefined || audience === '' ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, ...(uid === undefined ? {} : { uid }) },
      },
    };
    const answer = (await this.#options.client
      .of('ServiceAccount')
      .createSubresource(
        { namespace, name: account },
        { subresource: 'token', body: request },
      )) as TokenRequest;
    const { token = '', expirationTimestamp = '' } = answer.status ?? {};
    const expiresAt = Date.parse(expirationTimestamp);
    if (token === '' || Number.isNaN(expiresAt))
      throw new WherryError('TOKEN_EMPTY', `the server answered without a token for ${namespace}/${account}`);
    const lifeSeconds = answer.spec?.expirationSeconds ?? expirationSeconds;
    return { text: token, expiresAt, issuedAt: expiresAt - lifeSeconds * 1000 };
  }
}
