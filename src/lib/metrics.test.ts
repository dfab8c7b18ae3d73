import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exponentialBounds, MetricsRegistry, seriesPerFamilyMax } from './metrics.ts';

test('renders every type of metric', () => {
  const registry = new MetricsRegistry();
  registry.counter({ name: 'a_total', help: 'Things.' }).add(2);
  registry.gauge({ name: 'b', help: 'Two\nlines, a \\.' }).add(-1.5);
  registry.read({ name: 'c', help: 'Read.' }, 'gauge', () => 7);
  registry.read({ name: 'd', help: 'Not there.' }, 'gauge', () => undefined);
  const durations = registry.histogram({ name: 'e_seconds', help: 'Durations.' }, [0.1, 1]);
  for (const seconds of [0.05, 0.1, 0.5, 100]) durations.observe(seconds);
  const requests = registry.counters({ name: 'f_total', help: 'Requests.' }, ['verb', 'path']);
  requests.of('GET', '/a"b\\c\nd').add();
  requests.of('GET', '/a"b\\c\nd').add();
  requests.of('PUT', '').add();
  registry.counters({ name: 'g_total', help: 'None yet.' }, ['x']);
  registry.histograms({ name: 'h_seconds', help: 'Labeled.' }, ['verb'], [1]).of('GET').observe(2);
  registry.gauges({ name: 'i', help: 'Labeled.' }, ['kind']).of('x').value = Number.POSITIVE_INFINITY;
  assert.equal(
    registry.render(),
    `# HELP a_total Things.
# TYPE a_total counter
a_total 2
# HELP b Two\\nlines, a \\\\.
# TYPE b gauge
b -1.5
# HELP c Read.
# TYPE c gauge
c 7
# HELP e_seconds Durations.
# TYPE e_seconds histogram
e_seconds_bucket{le="0.1"} 2
e_seconds_bucket{le="1"} 3
e_seconds_bucket{le="+Inf"} 4
e_seconds_sum 100.65
e_seconds_count 4
# HELP f_total Requests.
# TYPE f_total counter
f_total{verb="GET",path="/a\\"b\\\\c\\nd"} 2
f_total{verb="PUT",path=""} 1
# HELP h_seconds Labeled.
# TYPE h_seconds histogram
h_seconds_bucket{verb="GET",le="1"} 0
h_seconds_bucket{verb="GET",le="+Inf"} 1
h_seconds_sum{verb="GET"} 2
h_seconds_count{verb="GET"} 1
# HELP i Labeled.
# TYPE i gauge
i{kind="x"} +Inf
`,
  );
});

test('the series of a family are bounded', () => {
  const counters = new MetricsRegistry().counters({ name: 'a_total', help: 'A.' }, ['user', 'verb']);
  for (let index = 0; index < seriesPerFamilyMax * 2; index++) counters.of(String(index), 'GET').add();
  assert.equal(counters.children.size, seriesPerFamilyMax + 1);
  assert.equal(counters.of('other', 'other').value, seriesPerFamilyMax);
});

test('a name that is asked for twice is one family', () => {
  const registry = new MetricsRegistry();
  const named = { name: 'a_total', help: 'A.' };
  for (const name of ['x', 'y', 'x']) registry.counters(named, ['name']).of(name).add();
  registry.read({ name: 'b', help: 'B.' }, 'gauge', () => 1);
  registry.read({ name: 'b', help: 'B.' }, 'gauge', () => 2);
  assert.equal(
    registry.render(),
    `# HELP a_total A.
# TYPE a_total counter
a_total{name="x"} 2
a_total{name="y"} 1
# HELP b B.
# TYPE b gauge
b 2
`,
  );
  assert.throws(() => registry.gauge(named), { code: 'METRIC_TWICE' });
});

test('readings are looked up when somebody asks', () => {
  const registry = new MetricsRegistry();
  let depth = 3;
  const depths = registry.readings({ name: 'depth', help: 'D.' }, ['name']);
  depths.of('x').read = () => depth;
  depths.of('y');
  depth = 5;
  assert.equal(
    registry.render(),
    '# HELP depth D.\n# TYPE depth gauge\ndepth{name="x"} 5\ndepth{name="y"} 0\n',
  );
});

test('bounds grow by their factor', () => {
  assert.deepEqual(
    exponentialBounds(1e-6, 10, { count: 10 }),
    [0.000001, 0.00001, 0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000],
  );
});
