/** Asks for every address and every port of the ranges: those that are held are refused, all others are there to be had. */
import type { ClientHttp2Session } from 'node:http2';
import { ask } from './api.ts';
import type { EventLog } from './event-log.ts';
import { nodePorts, servicesPath } from './load.ts';

/** Of 10.96.0.0/27: the first is the network, the last the broadcast address. */
const addresses = Array.from({ length: 30 }, (_, index) => `10.96.0.${index + 1}`);
const ports = Array.from(
  { length: nodePorts.last - nodePorts.first + 1 },
  (_, index) => `${nodePorts.first + index}`,
);

/** Each is given back at once, so that one free address is enough for all ports. */
export async function checkAllocations(session: ClientHttp2Session, services: EventLog): Promise<string[]> {
  const held = new Map(
    [...services.state.values()].flatMap(({ key, holds }) => holds.map((each) => [each, key])),
  );
  const faults: string[] = [];
  const probe = async (value: string, spec: object) => {
    const body = { metadata: { name: 'probe' }, spec };
    const { status, object } = await ask(session, { method: 'POST', path: servicesPath, body });
    const holder = held.get(value);
    const refused = status === 422 && /already allocated/.test(object.message ?? '');
    if (holder === undefined ? status !== 201 : !refused)
      faults.push(`${value}, held by ${holder ?? 'nobody'}: ${status} ${object.message ?? ''}`);
    if (status === 201) await ask(session, { method: 'DELETE', path: `${servicesPath}/probe` });
  };
  for (const address of addresses) await probe(address, { clusterIP: address, ports: [{ port: 80 }] });
  for (const port of ports)
    await probe(port, { type: 'NodePort', ports: [{ port: 80, nodePort: Number(port) }] });
  return faults;
}
