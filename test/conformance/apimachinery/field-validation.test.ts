/**
 * What is told of fields that do not belong in a body, or stand in it twice: by every verb and media type.
 * Source: test/e2e/apimachinery/field_validation.go, test/integration/apiserver/field_validation_test.go.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  applyPatch,
  deployments,
  jsonPatch,
  mergePatch,
  strategicPatch,
} from '../../../src/apiserver/rest/testing.ts';
import { type Answer, startTestServer, type TestServer } from '../../../src/apiserver/test-server.ts';

const brokenJson = (name: string) => `{
  "apiVersion": "apps/v1",
  "kind": "Deployment",
  "metadata": { "name": "first", "name": "${name}", "colour": "red" },
  "spec": {
    "replicaz": 1,
    "strange": { "a": 1, "a": 2 },
    "strange": "again",
    "paused": true,
    "paused": false,
    "selector": { "matchLabels": { "app": "web" } },
    "template": {
      "metadata": { "labels": { "app": "web", "app": "web" } },
      "spec": { "containers": [{ "name": "c", "image": "x", "imag": "x", "stdin": true, "stdin": false }] }
    }
  }
}`;

const brokenYaml = (name: string) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: first
  name: ${name}
  colour: red
spec:
  strange: 1
  strange: 2
  replicaz: 1
  paused: true
  paused: false
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: c
        image: x
        imag: x
        stdin: true
        stdin: false
`;

const inJson = [
  'duplicate field "metadata.name"',
  'unknown field "metadata.colour"',
  'unknown field "spec.replicaz"',
  'unknown field "spec.strange"',
  'duplicate field "spec.paused"',
  'duplicate field "spec.template.metadata.labels.app"',
  'unknown field "spec.template.spec.containers[0].imag"',
  'duplicate field "spec.template.spec.containers[0].stdin"',
];

const linesInYaml = [
  'line 5: key "name" already set in map',
  'line 9: key "strange" already set in map',
  'line 12: key "paused" already set in map',
  'line 22: key "stdin" already set in map',
];

const unknownInYaml = [
  'unknown field "metadata.colour"',
  'unknown field "spec.replicaz"',
  'unknown field "spec.strange"',
  'unknown field "spec.template.spec.containers[0].imag"',
];

const sound = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
  },
});

/** The texts of an answer's warnings. */
const warnings = ({ headers }: Answer) =>
  ([headers.warning ?? []].flat() as string[]).map((each) =>
    each.replace(/^299 - "(.*)"$/s, '$1').replaceAll(/\\(["\\])/g, '$1'),
  );

const yamlType = { 'content-type': 'application/yaml' };
const strictLines = (lines: readonly string[]) => `yaml: unmarshal errors:\n  ${lines.join('\n  ')}`;

describe('field validation', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
    const made = await server.call('POST', deployments, { body: sound('there') });
    assert.equal(made.status, 201);
  });
  after(() => server.close());

  /** One request by each directive: strict says no in these words, warn and nothing warn so, ignore is silent. */
  function plays(name: string, send: (query: string) => Promise<Answer>, told: Told): void {
    test(`${name}, strict`, async () => {
      const { status, body } = await send('&fieldValidation=Strict');
      assert.deepEqual([status, body.message], [told.status ?? 400, told.refusal]);
    });
    for (const query of ['&fieldValidation=Warn', ''])
      test(`${name}, ${query === '' ? 'unless told otherwise' : 'warn'}`, async () => {
        const answer = await send(query);
        assert.ok(answer.status < 300, answer.text);
        assert.deepEqual(warnings(answer), told.warnings);
      });
    test(`${name}, ignore`, async () => {
      const answer = await send('&fieldValidation=Ignore');
      assert.ok(answer.status < 300, answer.text);
      assert.deepEqual(warnings(answer), []);
    });
  }

  const asDeployment =
    'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: ';
  const jsonTold = { refusal: asDeployment + inJson.join(', '), warnings: inJson };
  const yamlTold = {
    refusal: asDeployment + [strictLines(linesInYaml), ...unknownInYaml].join(', '),
    warnings: [...linesInYaml, ...unknownInYaml],
  };
  const dry = '?dryRun=All&fieldManager=tester';

  plays(
    'POST of JSON: in the order of the body',
    (query) => server.call('POST', deployments + dry + query, { body: brokenJson('new') }),
    jsonTold,
  );
  plays(
    'POST of YAML: keys with their lines, then what is unknown in the order of the names',
    (query) => server.call('POST', deployments + dry + query, { body: brokenYaml('new'), headers: yamlType }),
    yamlTold,
  );
  plays(
    'PUT of JSON',
    (query) => server.call('PUT', `${deployments}/there${dry}${query}`, { body: brokenJson('there') }),
    jsonTold,
  );
  plays(
    'PUT of YAML',
    (query) =>
      server.call('PUT', `${deployments}/there${dry}${query}`, {
        body: brokenYaml('there'),
        headers: yamlType,
      }),
    yamlTold,
  );

  const patch = (headers: Record<string, string>, body: string) => (query: string) =>
    server.call('PATCH', `${deployments}/there${dry}${query}`, { body, headers });

  const brokenPatch =
    '{"spec":{"strange":1,"strange":2,"replicaz":1,"paused":true,"paused":false,"template":{"spec":{"containers":[{"name":"c","image":"x","imag":"x","stdin":true,"stdin":false}]}}}}';
  const inPatch = [
    'duplicate field "spec.strange"',
    'duplicate field "spec.paused"',
    'duplicate field "spec.template.spec.containers[0].stdin"',
    'unknown field "spec.replicaz"',
    'unknown field "spec.strange"',
    'unknown field "spec.template.spec.containers[0].imag"',
  ];
  const strict = `strict decoding error: ${inPatch.join(', ')}`;
  plays(
    'strategic merge patch: shown as Go prints it, duplicates first',
    patch(strategicPatch, brokenPatch),
    {
      status: 422,
      refusal: ` "" is invalid: patch: Invalid value: "map[spec:map[paused:false replicaz:1 strange:2 template:map[spec:map[containers:[map[imag:x image:x name:c stdin:false]]]]]]": ${strict}`,
      warnings: inPatch,
    },
  );

  for (const [name, headers, body, problems] of [
    ['merge patch', mergePatch, brokenPatch, inPatch],
    [
      'JSON patch: its operations are looked at, too',
      jsonPatch,
      '[{"op":"add","path":"/spec/a","value":1,"note":"x"},{"op":"add","path":"/spec/b","path":"/spec/c","value":1}]',
      [
        'json patch unknown field "[0].note"',
        'json patch duplicate field "[1].path"',
        'unknown field "spec.a"',
        'unknown field "spec.c"',
      ],
    ],
  ] as const) {
    test(`${name}: the whole result is shown when it is refused`, async () => {
      const { status, body: refused } = await patch(headers, body)('&fieldValidation=Strict');
      assert.equal(status, 422);
      assert.match(refused.message, /^ "" is invalid: patch: Invalid value: "\{\\"kind\\":\\"Deployment\\"/);
      assert.ok(
        refused.message.endsWith(`}": strict decoding error: ${problems.join(', ')}`),
        refused.message,
      );
    });
    test(`${name}: warned of`, async () => {
      assert.deepEqual(warnings(await patch(headers, body)('')), problems);
    });
  }

  const applied = (name: string) => `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {"name": "${name}"},
  "spec": {
    "paused": false,
    "paused":
      true,
    "selector": {"matchLabels": {"app": "web"}},
    "template": {
      "metadata": {"labels": {"app": "web"}},
      "spec": {"containers": [{"name": "c", "image": "x",
        "stdin": true, "stdin": false}]}
    }
  }
}`;
  const inApplied = ['line 7: key "paused" already set in map', 'line 12: key "stdin" already set in map'];
  for (const [how, name, end] of [
    ['that creates', 'unheard-of', ''],
    ['that changes', 'there', ''],
    // A comment makes it YAML alone.
    ['of YAML', 'there', '\n# end'],
  ] as const)
    plays(
      `apply ${how}: lines alone`,
      (query) =>
        server.call('PATCH', `${deployments}/${name}${dry}&force=true${query}`, {
          body: applied(name) + end,
          headers: applyPatch,
        }),
      {
        refusal: `error strict decoding YAML: error converting YAML to JSON: ${strictLines(inApplied)}`,
        warnings: inApplied,
      },
    );

  const typed = 'failed to create typed patch object (default/a; apps/v1, Kind=Deployment): ';
  const misfits: Record<string, [change: object, problem: string]> = {
    'an unknown field': [{ replicaz: 1 }, '.spec.replicaz: field not declared in schema'],
    'a text for a number': [
      { replicas: 'three' },
      '.spec.replicas: expected numeric (int or float), got string',
    ],
  };
  for (const [what, [change, problem]] of Object.entries(misfits))
    for (const directive of ['Strict', 'Warn', 'Ignore'])
      test(`apply of ${what} is refused, whatever fieldValidation says: ${directive}`, async () => {
        const config = sound('a');
        const body = {
          ...config,
          metadata: { name: 'a', namespace: 'default' },
          spec: { ...config.spec, ...change },
        };
        const answer = await server.call(
          'PATCH',
          `${deployments}/a?fieldManager=m&fieldValidation=${directive}`,
          { body, headers: applyPatch },
        );
        assert.deepEqual([answer.status, answer.body.message, warnings(answer)], [500, typed + problem, []]);
      });

  test('a directive that does not exist', async () => {
    const { body } = await server.call('POST', `${deployments}?fieldValidation=Maybe`, { body: sound('b') });
    assert.equal(
      body.message,
      'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Maybe": supported values: "Ignore", "Strict", "Warn"',
    );
  });
});

interface Told {
  readonly status?: number;
  readonly refusal: string;
  readonly warnings: readonly string[];
}
