/** Events to many watchers: counted where they arrive. */
import type { Measurement } from '../bench.ts';
import { answerOf, requireStatus } from './get.ts';
import { configMapOf } from './objects.ts';
import type { Client, Floor, Server } from './processes.ts';
import type { WireRequest } from './wire.ts';

const rounds = 3;
const writesInFlight = 16;
const configMaps = '/api/v1/namespaces/default/configmaps';
const objectCount = 20;

interface Shape {
  readonly name: string;
  readonly connections: number;
  readonly watchersPerConnection: number;
  readonly protocol: 'HTTP/2' | 'HTTP/1.1';
  readonly writes: number;
  readonly wanted?: Measurement['wanted'];
}

const shapes: readonly Shape[] = [
  {
    name: '1,000 watchers, HTTP/2, 8 connections',
    connections: 8,
    watchersPerConnection: 125,
    protocol: 'HTTP/2',
    writes: 400,
    wanted: { atLeast: 100_000 },
  },
  {
    name: '200 watchers, HTTP/2, a connection each',
    connections: 200,
    watchersPerConnection: 1,
    protocol: 'HTTP/2',
    writes: 600,
  },
  {
    name: '200 watchers, HTTP/1.1, a connection each',
    connections: 200,
    watchersPerConnection: 1,
    protocol: 'HTTP/1.1',
    writes: 600,
  },
];

interface At {
  readonly server: Server;
  readonly floor: Floor;
  readonly client: Client;
}

/** One run of a shape: events a second as they arrive, and how long one is. */
async function deliver(
  at: At,
  on: Server | Floor,
  shape: Shape,
): Promise<{ rate: number; lineBytes: number }> {
  const { server, client } = at;
  const writes: WireRequest[] = Array.from({ length: shape.writes }, (_, index) => ({
    method: on === server ? 'PUT' : 'POST',
    path: `${configMaps}/shared-${index % objectCount}`,
    contentType: 'application/json',
    body: JSON.stringify(configMapOf(`shared-${index % objectCount}`, performance.now())),
  }));
  const { lines, bytes, milliseconds } = await client.run({
    job: 'fan-out',
    target: on.target,
    watchPath: `${configMaps}?watch=true&resourceVersion=${await revisionOf(server, client)}`,
    connections: shape.connections,
    watchersPerConnection: shape.watchersPerConnection,
    protocol: shape.protocol,
    writes,
    writesInFlight,
    linesPerWrite: 1,
  });
  return { rate: (lines / milliseconds) * 1000, lineBytes: Math.round(bytes / lines) };
}

async function makeObjects({ server, client }: At): Promise<void> {
  const requests = Array.from({ length: objectCount }, (_, index) => ({
    method: 'POST',
    path: configMaps,
    contentType: 'application/json',
    body: JSON.stringify(configMapOf(`shared-${index}`, 0)),
  }));
  const count = objectCount;
  requireStatus(
    await client.run({ job: 'load', target: server.target, requests, count, inFlight: writesInFlight }),
    201,
  );
}

export async function benchFanOut(at: At): Promise<Measurement[]> {
  const { server, floor } = at;
  await makeObjects(at);
  const measurements: Measurement[] = [];
  const { lineBytes } = await deliver(at, server, { ...shapes[0]!, writes: 50 });
  await floor.order({ order: 'broadcast', line: `${'x'.repeat(lineBytes - 1)}\n` });
  const name = 'bare node:http2, one write to each for each event';
  for (const shape of shapes) {
    const ours: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push((await deliver(at, server, shape)).rate);
      if (shape.protocol === 'HTTP/2') bare.push((await deliver(at, floor, shape)).rate);
    }
    measurements.push({
      name: `events of ${lineBytes} bytes delivered to ${shape.name}`,
      unit: '/s',
      samples: ours,
      floor: bare.length > 0 ? { name, samples: bare } : undefined,
      wanted: shape.wanted,
    });
  }
  return measurements;
}

async function revisionOf(server: Server, client: Client): Promise<string> {
  const { text } = await answerOf(server, `${configMaps}?limit=1`, client);
  return (JSON.parse(text) as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
}
