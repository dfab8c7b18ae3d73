/** Where a request to a proxy is to go. */
import dns from 'node:dns';
import type { LookupFunction } from 'node:net';

export interface Target {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** As it stands in the request: for its Host header. */
  readonly authority: string;
  /** Of the request to it. */
  readonly path: string;
}

/** Why a request is not passed on, and the answer's status. */
export class TargetRefused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const usualPorts: Readonly<Record<string, number>> = { 'http:': 80 };

/** Throws TargetRefused. A CONNECT names host and port, any other request a whole URL. */
export function targetOf(text: string, protocol: 'http:' | undefined): Target {
  const url = URL.parse(text);
  const host = url?.hostname.replace(/^\[(.*)\]$/, '$1') ?? '';
  const port = url?.port ? Number(url.port) : usualPorts[url?.protocol ?? ''];
  const isGood = url !== null && host !== '' && port !== undefined && port > 0 && url.username === '';
  const isWanted = protocol === undefined ? url?.pathname === '' : url?.protocol === protocol;
  if (!isGood || !isWanted)
    throw new TargetRefused(
      400,
      `this is a proxy for registries; wanted is ${protocol === undefined ? 'HOST:PORT' : 'http://HOST/...'}`,
    );
  return { host, port, authority: url.host, path: `${url.pathname}${url.search}` };
}

/** As every program of this machine resolves names: its hosts file, too. */
export const resolveName: LookupFunction = (hostname, options, done) =>
  dns.lookup(hostname, options as dns.LookupAllOptions, done as never);
