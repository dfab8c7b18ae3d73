/** Events to many watchers: counted where they arrive. */
import type { Measurement } from '../bench.ts';
import { requireStatus } from './get.ts';
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
}

const shapes: Record<'many' | 'alone' | 'alone1', Shape> = {
  many: {
    name: '1,000 watchers, HTTP/2, 8 connections',
    connections: 8,
    watchersPerConnection: 125,
    protocol: 'HTTP/2',
    writes: 400,
  },
  alone: {
    name: '200 watchers, HTTP/2, a connection each',
    connections: 200,
    watchersPerConnection: 1,
    protocol: 'HTTP/2',
    writes: 600,
  },
  alone1: {
    name: '200 watchers, HTTP/1.1, a connection each',
    connections: 200,
    watchersPerConnection: 1,
    protocol: 'HTTP/1.1',
    writes: 600,
  },
};

export async function benchFanOut(at: {
  server: Server;
  floor: Floor;
  client: Client;
}): Promise<Measurement[]> {
  const { server, floor, client } = at;
  const creates = Array.from({ length: objectCount }, (_, index) => ({
    method: 'POST',
    path: configMaps,
    contentType: 'application/json',
    body: JSON.stringify(configMapOf(`shared-${index}`, -1)),
  }));
  requireStatus(
    await client.run({
      job: 'load',
      target: server.target,
      requests: creates,
      count: objectCount,
      inFlight: 4,
    }),
    201,
  );
  let turn = 0;
  const run = async (on: Server | Floor, shape: Shape) => {
    const writes: WireRequest[] = Array.from({ length: shape.writes }, (_, index) => ({
      method: on === server ? 'PUT' : 'POST',
      path: `${configMaps}/shared-${index % objectCount}`,
      contentType: 'application/json',
      body: JSON.stringify(configMapOf(`shared-${index % objectCount}`, turn++)),
    }));
    const result = await client.run({
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
    return {
      rate: (result.lines / result.milliseconds) * 1000,
      lineBytes: result.bytes / result.lines,
      lines: result.lines,
    };
  };
  const measurements: Measurement[] = [];
  const first = await run(server, { ...shapes.many, writes: 50 });
  await floor.order({ order: 'broadcast', line: `${'x'.repeat(Math.round(first.lineBytes) - 1)}\n` });
  for (const shape of Object.values(shapes)) {
    const ours: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push((await run(server, shape)).rate);
      if (shape.protocol === 'HTTP/2') bare.push((await run(floor, shape)).rate);
    }
    measurements.push({
      name: `events of ${Math.round(first.lineBytes)} bytes delivered to ${shape.name}`,
      unit: '/s',
      samples: ours,
      floor:
        bare.length > 0
          ? { name: 'bare node:http2, one write to each for each event', samples: bare }
          : undefined,
      wanted: shape === shapes.many ? { atLeast: 100_000 } : undefined,
    });
  }
  return measurements;
}

async function revisionOf(server: Server, client: Client): Promise<string> {
  const answer = await client.run({
    job: 'load',
    target: server.target,
    requests: [{ method: 'GET', path: `${configMaps}?limit=1` }],
    count: 1,
    inFlight: 1,
  });
  return (JSON.parse(answer.first.text) as { metadata: { resourceVersion: string } }).metadata
    .resourceVersion;
}
