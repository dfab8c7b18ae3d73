import { test } from 'node:test';
import { check, withContainer } from './test-pods.ts';

test('probes and lifecycle', () => {
  check({
    'no handler, and two': [
      withContainer({
        livenessProbe: {},
        readinessProbe: { tcpSocket: { port: 80 }, exec: { command: ['x'] } },
      }),
      [
        'spec.containers[0].livenessProbe: Required value: must specify a handler type',
        'spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
      ],
    ],
    numbers: [
      withContainer({
        livenessProbe: { tcpSocket: { port: 0 }, successThreshold: 2, periodSeconds: -1 },
      }),
      [
        'spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
      ],
    ],
    'a sleep longer than the grace period': [
      withContainer({ lifecycle: { preStop: { sleep: { seconds: 60 } } } }),
      [
        'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 60: must be non-negative and less than terminationGracePeriodSeconds (30)',
      ],
    ],
    'a grace period of a readiness probe': [
      withContainer({ readinessProbe: { exec: { command: [] }, terminationGracePeriodSeconds: 5 } }),
      [
        'spec.containers[0].readinessProbe.exec.command: Required value',
        'spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes',
      ],
    ],
  });
});
