/** Questions and answers as people read them, by another implementation of the wire format than ours. */

import { type Answer, decode, encode, type Packet, type Question } from 'dns-packet';
import type { Endpoint, EndpointSlice, Service, ServiceSpec } from '../kinds/generated/types.ts';

export interface Ask {
  readonly type?: string;
  readonly id?: number;
  readonly edns?: number;
  readonly class?: 'IN' | 'CH' | 'HS' | 'ANY';
  readonly recursionDesired?: boolean;
}

export function query(name: string, ask: Ask = {}): Buffer {
  const { type = 'A', id = 4711, edns, recursionDesired = true } = ask;
  return encode({
    type: 'query',
    id,
    flags: recursionDesired ? 0x0100 : 0,
    questions: [{ name, type: type as Question['type'], class: ask.class ?? 'IN' } as Question],
    additionals: edns === undefined ? [] : [opt(edns)],
  });
}

const opt = (udpPayloadSize: number): Answer =>
  ({
    type: 'OPT',
    name: '.',
    udpPayloadSize,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  }) as unknown as Answer;

function shownData(answer: Answer): string {
  const data = (answer as { data?: unknown }).data;
  if (answer.type === 'SRV') {
    const { priority, weight, port, target } = answer.data;
    return `${priority} ${weight} ${port} ${target}`;
  }
  if (answer.type === 'SOA') return `${answer.data.mname} ${answer.data.rname} ... ${answer.data.minimum}`;
  if (answer.type === 'TXT') return JSON.stringify([answer.data].flat().map(String).join(''));
  return String(data);
}

function shownRecords(section: string, records: readonly Answer[] = []): string[] {
  return records.map((each) =>
    each.type === 'OPT'
      ? `${section} OPT ${(each as unknown as { udpPayloadSize: number }).udpPayloadSize}`
      : `${section} ${each.name} ${(each as { ttl?: number }).ttl} ${each.type} ${shownData(each)}`,
  );
}

interface Decoded extends Packet {
  readonly rcode: string;
  readonly flag_aa: boolean;
  readonly flag_tc: boolean;
  readonly flag_rd: boolean;
  readonly flag_ra: boolean;
  readonly flag_ad: boolean;
}

/** `NOERROR aa rd ra`, then a line for each record. */
export function shown(message: Buffer): string[] {
  const packet = decode(message) as unknown as Decoded;
  const flags = (['aa', 'tc', 'rd', 'ra', 'ad'] as const).filter((flag) => packet[`flag_${flag}`]);
  return [
    [packet.rcode, ...flags].join(' '),
    ...shownRecords('answer', packet.answers),
    ...shownRecords('authority', packet.authorities),
    ...shownRecords('additional', packet.additionals),
  ];
}

/** A Service as it is stored: `web` in `default` unless said otherwise. */
export function testService(
  spec: ServiceSpec,
  { name = 'web', namespace = 'default' }: { name?: string; namespace?: string } = {},
): Service {
  return { metadata: { name, namespace }, spec };
}

/** A slice of Service `web`. */
export function testSlice(
  endpoints: Endpoint[],
  options: { name?: string; service?: string; addressType?: string; ports?: EndpointSlice['ports'] } = {},
): EndpointSlice {
  const {
    name = 'web-1',
    service = 'web',
    addressType = 'IPv4',
    ports = [{ name: 'http', port: 8080 }],
  } = options;
  return {
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': service } },
    addressType,
    endpoints,
    ports,
  };
}

/** An answer as another server gives it to a query of ours. */
export function foreignAnswer(
  asked: Buffer,
  options: {
    readonly answers?: readonly Answer[];
    readonly authorities?: readonly Answer[];
    readonly flags?: number;
    readonly edns?: boolean;
  } = {},
): Buffer {
  const { id, questions } = decode(asked);
  const { answers = [], authorities = [], flags = 0x0180, edns = true } = options;
  return encode({
    type: 'response',
    id,
    flags,
    questions: questions ?? [],
    answers: [...answers],
    authorities: [...authorities],
    additionals: edns ? [opt(4096)] : [],
  });
}

export const address = (name: string, data: string, ttl = 60): Answer => ({ type: 'A', name, ttl, data });

export const startOf = (name: string, { ttl = 300, minimum = 20 } = {}): Answer => ({
  type: 'SOA',
  name,
  ttl,
  data: { mname: `ns.${name}`, rname: `admin.${name}`, serial: 1, refresh: 2, retry: 3, expire: 4, minimum },
});
