import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createManualClock } from './manual-clock.ts';
import { MetricsRegistry } from './metrics.ts';
import { meterProcess } from './process-metrics.ts';

test('a process tells when it started and what it has used', () => {
  const registry = new MetricsRegistry();
  const clock = createManualClock(1_700_000_000_500);
  meterProcess(registry, clock);
  clock.advance(60_000);
  const values = new Map(
    registry
      .render()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(' ') as [string, string])
      .map(([name, value]) => [name, Number(value)]),
  );
  assert.equal(values.get('process_start_time_seconds'), 1_700_000_000.5);
  values.delete('process_start_time_seconds');
  assert.deepEqual(
    [...values].map(([name, value]) => [name, value > 0]),
    [
      ['process_cpu_seconds_total', true],
      ['process_resident_memory_bytes', true],
      ['nodejs_heap_size_used_bytes', true],
    ],
  );
});
