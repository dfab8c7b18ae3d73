/** Runs the tables of resolving: slices in, both sets and both routes out, with their reasons. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndpointSlice, ServicePort, ServiceSpec } from '../kinds/generated/types.ts';
import type { NodePlace } from './endpoint-candidates.ts';
import { resolvePort } from './resolve.ts';
import { http, nodeA, resolutionText, serviceOf } from './resolve-fixture.ts';

/** One row of the tables of resolving. */
export interface ResolveCase {
  name: string;
  spec?: ServiceSpec;
  port?: ServicePort;
  node?: NodePlace;
  slices: EndpointSlice[];
  family?: 'IPv4' | 'IPv6';
  allowLoopback?: boolean;
  want: string[];
}

export function runCases(tables: Record<string, readonly ResolveCase[]>): void {
  for (const [title, cases] of Object.entries(tables)) {
    describe(`resolving: ${title}`, () => {
      for (const { name, spec, port = http, node = nodeA, family = 'IPv4', want, ...options } of cases) {
        test(name, () => {
          const resolution = resolvePort(serviceOf(spec), port, { ...options, node, family });
          assert.deepEqual(resolutionText(resolution), want);
        });
      }
    });
  }
}
