/**
 * A DNS server with very many Services in its zone, or the floor: the same socket that sends back what it gets.
 * Forked with `dns` or `echo`; sends its port; ends with its parent.
 */
import { createSocket } from 'node:dgram';
import { Forwarder } from '../../src/dns/forwarder.ts';
import { recordsOf } from '../../src/dns/records.ts';
import { Resolver } from '../../src/dns/resolver.ts';
import { Responder } from '../../src/dns/responder.ts';
import { DnsServer } from '../../src/dns/server.ts';
import { Zone } from '../../src/dns/zone.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { numericLookup } from '../../src/lib/numeric-lookup.ts';
import { systemClock, systemRandom } from '../../src/lib/system.ts';
import { addressOf, serviceCount } from './services.ts';

const seconds = 5;
const zoneName = 'cluster.local';

async function serveDns(): Promise<number> {
  const zone = new Zone({ zone: zoneName, seconds });
  for (let index = 0; index < serviceCount; index++) {
    const service = {
      metadata: { name: `web-${index}`, namespace: 'default' },
      spec: { clusterIP: addressOf(index), ports: [{ name: 'http', port: 80 }] },
    };
    zone.replace(`default/web-${index}`, recordsOf(service, [], zoneName));
  }
  const responder = new Responder({
    zone,
    zoneName,
    seconds,
    hasNamespace: () => true,
    isReady: () => true,
  });
  const common = { clock: systemClock, log: silentLogger };
  const forwarder = new Forwarder({ ...common, upstreams: [], random: systemRandom });
  const resolver = new Resolver({ responder, forwarder, seconds });
  const addresses = [{ address: '127.0.0.1', port: 0 }];
  const server = await DnsServer.start({ ...common, resolver, addresses });
  return server.addresses[0]!.port;
}

function serveEcho(): Promise<number> {
  const socket = createSocket({ type: 'udp4', lookup: numericLookup });
  socket.on('message', (message, { port, address }) => socket.send(message, port, address, () => {}));
  return new Promise((resolve) => {
    socket.on('listening', () => resolve(socket.address().port));
    socket.bind(0, '127.0.0.1');
  });
}

process.on('disconnect', () => process.exit(0));
process.send?.({ port: await (process.argv[2] === 'echo' ? serveEcho() : serveDns()) });
