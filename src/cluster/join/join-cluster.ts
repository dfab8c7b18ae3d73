/**
 * An agent becomes a node of the cluster: it makes sure that the server is the one its token names, asks for a client
 * certificate with the token, for a serving certificate with that, and keeps both fresh from then on. What is in the
 * folder already is taken, so that a restart needs neither token nor server.
 */
import { mkdir } from 'node:fs/promises';
import { backoffMilliseconds } from '../../client/backoff.ts';
import { AbortedError } from '../../client/transport.ts';
import { type Clock, sleep } from '../../lib/clock.ts';
import { UserError } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import type { Random } from '../../lib/random.ts';
import { readFileIfAny, writePrivateFile } from '../files.ts';
import type { KeyPair } from '../issue.ts';
import { type Dial, dialServer, explained, type Shown } from './dial.ts';
import { hashOf, type JoinToken, parseJoinToken } from './join-token.ts';
import {
  authorityFile,
  type CertificateFlaw,
  type CredentialName,
  flawOf,
  forgetWaitingKey,
  lifeOf,
  readPair,
  type WantedCertificate,
  waitingKey,
  writePair,
} from './key-files.ts';
import { retryWaits } from './limits.ts';
import { CertificateRefusedError, obtainCertificate } from './obtain.ts';
import { keepFresh } from './renewal.ts';
import { authorityAmong } from './server-authority.ts';

export interface JoinOptions {
  /** `https://172.30.0.1:6443` */
  readonly server: string;
  /** `<id>.<secret>@sha256:<hash>`; needed when the folder has no good client certificate. */
  readonly token?: string | undefined;
  readonly nodeName: string;
  /** At which the node serves. */
  readonly addresses: readonly string[];
  /** `<data-dir>/pki`; made when it is not there. */
  readonly directory: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Ends waiting, with AbortedError, and the renewals. */
  readonly signal: AbortSignal;
  /** How the server is reached; unless given over TLS. */
  readonly dial?: Dial;
}

export interface NodeCredentials {
  readonly server: string;
  /** PEM of the authority that signed the server's certificate and everything else. */
  readonly authority: string;
  /** With which the node calls the server: the newest. */
  client(): KeyPair;
  /** With which the node serves: the newest. */
  serving(): KeyPair;
  /** Called after one of them has been renewed. Returns what takes the listener off. */
  onRenewed(listener: (name: CredentialName) => void): () => void;
  /** Ends the renewals. */
  close(): void;
}

const signerOf = {
  client: { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', usage: 'client auth' },
  serving: { signerName: 'kubernetes.io/kubelet-serving', usage: 'server auth' },
} as const;

/**
 * Throws UserError: BAD_JOIN_TOKEN, WRONG_CLUSTER, OTHER_CLUSTER, NO_JOIN_TOKEN, CLOCK_OFF, CERTIFICATE_REFUSED,
 * BAD_SERVER_NAME. A server that does not answer is asked again until the signal aborts: then AbortedError.
 */
export async function joinCluster(options: JoinOptions): Promise<NodeCredentials> {
  checkServer(options.server);
  const token = options.token === undefined ? undefined : parseJoinToken(options.token);
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const authority = await learnAuthority(options, token);
  const node = new JoiningNode(options, { authority, token });
  await node.ensure('client');
  await node.ensure('serving');
  return node.credentials();
}

function checkServer(server: string): void {
  if (/^https:\/\/[^/?#@]+\/?$/.test(server) && URL.canParse(server)) return;
  throw new UserError(
    'BAD_SERVER',
    `--server is ${JSON.stringify(server)}; wanted is an address such as https://172.30.0.1:6443`,
  );
}

/** From the folder, or else from the server, which must show the one that the token names. */
async function learnAuthority(options: JoinOptions, token: JoinToken | undefined): Promise<string> {
  const { directory, server } = options;
  const kept = await readFileIfAny(authorityFile(directory));
  if (kept !== undefined) {
    if (token !== undefined && hashOf(kept) !== token.authorityHash)
      throw new UserError(
        'OTHER_CLUSTER',
        `${directory} has the certificates of another cluster: its authority is sha256:${hashOf(kept)}, the join token says sha256:${token.authorityHash}; give the token of the same cluster, or remove the directory to join the other one`,
      );
    return kept;
  }
  if (token === undefined) throw noToken(directory, 'there are no certificates yet');
  const shown = await untilAnswered(options, 'the server cannot be reached', () =>
    dialOf(options).shownCertificates(server),
  );
  const authority = authorityAmong(shown, { server, token });
  await writePrivateFile(authorityFile(directory), authority);
  return authority;
}

const noToken = (directory: string, why: string): UserError =>
  new UserError(
    'NO_JOIN_TOKEN',
    `cannot join with what is in ${directory}: ${why}; give --token-file and the file join-token of the server's data directory, or a copy of it`,
  );

const dialOf = (options: JoinOptions): Dial => options.dial ?? dialServer(options.clock);

/** Asks again with growing waits while nobody answers; what a person must settle is thrown. */
async function untilAnswered<Value>(
  options: JoinOptions,
  what: string,
  ask: () => Promise<Value>,
): Promise<Value> {
  const { clock, random, log, signal, server } = options;
  for (let attempt = 0; ; attempt++) {
    if (signal.aborted) throw new AbortedError();
    try {
      return await ask();
    } catch (failure) {
      if (failure instanceof UserError || failure instanceof AbortedError) throw failure;
      const problem = explained(failure, { server, now: clock.now() });
      if (problem instanceof UserError) throw problem;
      log.warn(`${what}; it is tried again`, { server, error: problem.message });
    }
    await sleep(clock, backoffMilliseconds(retryWaits, attempt, random), signal);
  }
}

class JoiningNode {
  readonly #options: JoinOptions;
  readonly #authority: string;
  readonly #token: JoinToken | undefined;
  readonly #pairs = new Map<CredentialName, KeyPair>();
  readonly #listeners = new Set<(name: CredentialName) => void>();
  readonly #closing = new AbortController();

  constructor(options: JoinOptions, from: { authority: string; token: JoinToken | undefined }) {
    // What is under way ends with close(), too.
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    this.#options = { ...options, signal };
    this.#authority = from.authority;
    this.#token = from.token;
  }

  #wanted(name: CredentialName): WantedCertificate {
    const { nodeName, addresses } = this.#options;
    return {
      commonName: `system:node:${nodeName}`,
      names: name === 'client' ? [] : [nodeName, ...addresses],
    };
  }

  #flaw(name: CredentialName, pair: KeyPair): CertificateFlaw | undefined {
    const now = this.#options.clock.now();
    return flawOf(pair.certificate, { authority: this.#authority, wanted: this.#wanted(name), now });
  }

  /** From the folder, or asked for. */
  async ensure(name: CredentialName): Promise<void> {
    const { directory } = this.#options;
    const kept = await readPair(directory, name);
    const flaw = kept && this.#flaw(name, kept);
    if (kept !== undefined && flaw === undefined) this.#pairs.set(name, kept);
    else if (flaw === 'notYetValid') throw this.#clockOff((kept as KeyPair).certificate);
    else if (name === 'client' && this.#token === undefined) throw noToken(directory, this.#describe(flaw));
    else await this.obtain(name);
  }

  #describe(flaw: CertificateFlaw | undefined): string {
    const { nodeName } = this.#options;
    if (flaw === 'expired') return 'the client certificate has expired';
    if (flaw === 'otherName') return `the client certificate is not that of node ${nodeName}`;
    if (flaw === 'otherAuthority') return 'the client certificate is of another cluster';
    return 'there is no client certificate';
  }

  #clockOff(certificate: string): UserError {
    const now = new Date(this.#options.clock.now()).toISOString();
    const life = lifeOf(certificate);
    return new UserError(
      'CLOCK_OFF',
      `this machine's clock is off: it says ${now}, and the node's certificate is good from ${new Date(life.from).toISOString()} until ${new Date(life.until).toISOString()}; set the clock`,
    );
  }

  /** Asks until there is one, writes it down and tells the listeners. */
  async obtain(name: CredentialName): Promise<void> {
    const { directory, clock } = this.#options;
    const pair = await untilAnswered(this.#options, `there is no ${name} certificate yet`, () =>
      this.#ask(name),
    );
    const flaw = this.#flaw(name, pair);
    if (flaw === 'notYetValid' || flaw === 'expired') throw this.#clockOff(pair.certificate);
    if (flaw !== undefined)
      throw new CertificateRefusedError(
        `the server has given a ${name} certificate that is not the one that was asked for (${flaw}), at ${new Date(clock.now()).toISOString()}`,
      );
    await writePair(directory, name, pair);
    this.#pairs.set(name, pair);
    for (const listener of this.#listeners) this.#tell(listener, name);
  }

  /** What a listener throws is its own: the certificate is renewed. */
  #tell(listener: (name: CredentialName) => void, name: CredentialName): void {
    try {
      listener(name);
    } catch (error) {
      this.#options.log.error('a renewed certificate could not be taken', { name, error });
    }
  }

  async #ask(name: CredentialName): Promise<KeyPair> {
    const { directory, clock, random, log, signal, server } = this.#options;
    const key = await waitingKey(directory, name);
    const connection = dialOf(this.#options).client(server, this.#authority, this.#asWhom(name));
    try {
      const asked = { key, wanted: this.#wanted(name), ...signerOf[name] };
      const certificate = await obtainCertificate(connection.client, asked, { clock, random, log, signal });
      return { certificate, key };
    } catch (failure) {
      // The next one is asked for with another key: this request is over.
      if (failure instanceof CertificateRefusedError) await forgetWaitingKey(directory, name);
      throw failure;
    } finally {
      await connection.close();
    }
  }

  /** The node itself while its certificate is good; else whoever has the token. */
  #asWhom(name: CredentialName): Shown {
    const pair = this.#pairs.get('client');
    if (pair !== undefined && this.#flaw('client', pair) === undefined) return { pair };
    if (this.#token !== undefined && name === 'client') return { token: this.#token };
    throw noToken(this.#options.directory, this.#describe('expired'));
  }

  credentials(): NodeCredentials {
    const { server } = this.#options;
    const pairOf = (name: CredentialName) => this.#pairs.get(name) as KeyPair;
    for (const name of ['client', 'serving'] as const)
      keepFresh({
        ...this.#options,
        name,
        certificate: () => pairOf(name).certificate,
        renew: () => this.obtain(name),
      });
    return {
      server,
      authority: this.#authority,
      client: () => pairOf('client'),
      serving: () => pairOf('serving'),
      onRenewed: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      close: () => this.#closing.abort(),
    };
  }
}
