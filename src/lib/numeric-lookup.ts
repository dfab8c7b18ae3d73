import { isIP } from 'node:net';

/** For datagram sockets that are only given addresses: no name is ever looked up, and nothing waits for a resolver. */
export const numericLookup = (
  address: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void => callback(null, address, isIP(address));
