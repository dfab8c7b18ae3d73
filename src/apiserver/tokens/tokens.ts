/**
 * Tokens of service accounts: signed here, and believed as long as the account and the object that they are bound to are
 * there. Source: pkg/serviceaccount of Kubernetes; KEP-1205, KEP-4193.
 */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { UserInfo } from '../request.ts';
import { type Claims, claimsFrom, type Lookup, refusalOf, userOf } from './claims.ts';
import { tokenBytesMax, verifiedTokensMax } from './limits.ts';

export interface TokenOptions {
  /** `https://kubernetes.default.svc.cluster.local`; tokens for the API server itself are for the same audience. */
  readonly issuer: string;
  /** PEM, a P-256 key. */
  readonly privateKey: string;
}

export interface JsonWebKeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** Who it is and for which of the audiences that were asked for; or why not. */
export type Verdict =
  | { readonly user: UserInfo; readonly audiences: readonly string[] }
  | { readonly refused: string };

const algorithm = 'ES256';

/** Loaded when the first token is asked for or shown: a server starts without it. */
const loadJose = () => import('jose');

export class Tokens {
  readonly issuer: string;
  /** For whom a token is unless its request says so. */
  readonly audiences: readonly string[];
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #keyId: string;
  /** By the token's hash. */
  readonly #verified = new Map<string, Claims>();

  constructor({ issuer, privateKey }: TokenOptions) {
    this.issuer = issuer;
    this.audiences = [issuer];
    this.#privateKey = createPrivateKey(privateKey);
    this.#publicKey = createPublicKey(this.#privateKey);
    this.#keyId = createHash('sha256')
      .update(this.#publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64url');
  }

  async sign(claims: Claims): Promise<string> {
    const { SignJWT } = await loadJose();
    return new SignJWT({ ...claims, aud: [...claims.aud] })
      .setProtectedHeader({ alg: algorithm, kid: this.#keyId })
      .sign(this.#privateKey);
  }

  /** Looks at everything but the signature of a token that was seen before each time. */
  async check(
    token: string,
    {
      lookup,
      now,
      audiences = this.audiences,
    }: { lookup: Lookup; now: number; audiences?: readonly string[] },
  ): Promise<Verdict> {
    const claims = await this.#read(token);
    if (claims === undefined) return { refused: 'invalid bearer token' };
    const refused = refusalOf(claims, lookup, now);
    if (refused !== undefined) return { refused: `[invalid bearer token, ${refused}]` };
    const common = audiences.filter((audience) => claims.aud.includes(audience));
    if (common.length === 0) {
      const list = (all: readonly string[]) => `[${all.map((each) => JSON.stringify(each)).join(' ')}]`;
      return {
        refused: `[invalid bearer token, token audiences ${list(claims.aud)} is invalid for the target audiences ${list(audiences)}]`,
      };
    }
    return { user: userOf(claims), audiences: common };
  }

  async #read(token: string): Promise<Claims | undefined> {
    if (token.length > tokenBytesMax) return undefined;
    const hash = createHash('sha256').update(token).digest('base64url');
    const known = this.#verified.get(hash);
    if (known !== undefined) return known;
    const { compactVerify, errors } = await loadJose();
    try {
      const { payload } = await compactVerify(token, this.#publicKey, { algorithms: [algorithm] });
      const claims = claimsFrom(JSON.parse(Buffer.from(payload).toString()));
      if (claims === undefined || claims.iss !== this.issuer) return undefined;
      this.#remember(hash, claims);
      return claims;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError)
        return undefined;
      throw error;
    }
  }

  #remember(hash: string, claims: Claims): void {
    for (const oldest of this.#verified.keys()) {
      if (this.#verified.size < verifiedTokensMax) break;
      this.#verified.delete(oldest);
    }
    this.#verified.set(hash, claims);
  }

  /** What others verify tokens with (RFC 7517). */
  keySet(): JsonWebKeySet {
    const { kty, crv, x, y } = this.#publicKey.export({ format: 'jwk' });
    return { keys: [{ use: 'sig', kty, kid: this.#keyId, crv, alg: algorithm, x, y }] };
  }

  /** OpenID Connect Discovery 1.0, as far as a verifier needs it. */
  discovery(keySetUrl: string): Record<string, unknown> {
    return {
      issuer: this.issuer,
      jwks_uri: keySetUrl,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [algorithm],
    };
  }
}
