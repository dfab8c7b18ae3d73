/**
 * Where the server may be made to dial by somebody who writes Nodes, pods and Endpoints.
 * CVE-2020-8555, CVE-2020-8562, CVE-2022-3294; k8s.io/apimachinery's IsProxyableIP and IsGlobalUnicast.
 */
import { badRequestError, type StatusError } from '../../kinds/status.ts';
import { type Address, addressScope, formatAddress, parseAddress } from '../../lib/ip.ts';

export interface AddressRules {
  /** The API server's own addresses, in canonical form. */
  readonly own: ReadonlySet<string>;
  /** The cluster lives in 127.0.0.0/8. */
  readonly allowLoopback: boolean;
}

export const addressNotAllowed = (): StatusError => badRequestError('address not allowed');

/** The canonical form of an address that may be dialled. Throws 400 for any other, and for what is none. */
export function proxyableAddress(text: string, rules: AddressRules): string {
  const address = parseAddress(text);
  if (address === undefined || !isProxyable(address, rules)) throw addressNotAllowed();
  return formatAddress(address.family, address.value);
}

function isProxyable(address: Address, { own, allowLoopback }: AddressRules): boolean {
  const { family, value } = address;
  if (own.has(formatAddress(family, value))) return false;
  const scope = addressScope(address);
  if (scope === 'loopback') return allowLoopback && family === 'IPv4';
  if (scope !== 'other') return false;
  // 0.0.0.0/8 is this host to many kernels; above 224 there are groups, and everybody.
  if (family === 'IPv4') return value >> 24n !== 0n && value >> 28n < 0xen;
  return value >> 120n !== 0xffn;
}

/** The canonical forms of those of the texts that are addresses. */
export function canonicalAddresses(texts: readonly string[]): Set<string> {
  return new Set(
    texts.flatMap((text) => {
      const address = parseAddress(text);
      return address === undefined ? [] : [formatAddress(address.family, address.value)];
    }),
  );
}
