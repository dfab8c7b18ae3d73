import { test } from 'node:test';
import { check, withContainer, withSpec } from './test-pods.ts';

test('what is asked of pods but not of templates', () => {
  check({
    'blanks around images': [
      withContainer({ image: 'nginx ' }, { initContainers: [{ name: 'init', image: '\tx' }] }),
      [
        'spec.containers[0].image: Invalid value: "nginx ": must not have leading or trailing whitespace',
        'spec.initContainers[0].image: Invalid value: "\\tx": must not have leading or trailing whitespace',
      ],
    ],
    'a token and an account': [
      withSpec({
        serviceAccountName: 'default',
        volumes: [{ name: 'a', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }],
      }),
      [],
    ],
    'on a node before its time': [
      withSpec({ nodeName: 'node-1', schedulingGates: [{ name: 'example.com/wait' }] }),
      ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
    ],
  });
});
