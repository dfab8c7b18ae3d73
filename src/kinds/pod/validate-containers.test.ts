import { test } from 'node:test';
import { check, withContainer, withSpec } from './test-pods.ts';

const web = { name: 'web', image: 'nginx:1' };

const dnsLabel =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

test('containers', () => {
  check({
    'a good pod': [withSpec({}), []],
    'no containers': [withSpec({ containers: [] }), ['spec.containers: Required value']],
    'no name, no image': [
      withSpec({ containers: [{ name: '' }] }),
      ['spec.containers[0].name: Required value', 'spec.containers[0].image: Required value'],
    ],
    'a name that is no label': [
      withContainer({ name: 'Web' }),
      [`spec.containers[0].name: Invalid value: "Web": ${dnsLabel}`],
    ],
    'two of one name': [
      withSpec({ containers: [web, web] }),
      ['spec.containers[1].name: Duplicate value: "web"'],
    ],
    'an init container of the same name': [
      withSpec({ initContainers: [web] }),
      ['spec.initContainers[0].name: Duplicate value: "web"'],
    ],
    'blanks around the image': [
      withContainer({ image: ' nginx' }),
      ['spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace'],
    ],
    'choices that do not exist': [
      withContainer({ imagePullPolicy: 'Sometimes', terminationMessagePolicy: 'Shout' }),
      [
        'spec.containers[0].terminationMessagePolicy: Unsupported value: "Shout": supported values: "File", "FallbackToLogsOnError"',
        'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
      ],
    ],
    'a probe of an init container': [
      withSpec({
        initContainers: [{ name: 'init', image: 'x', livenessProbe: { exec: { command: ['x'] } } }],
      }),
      [
        'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    'a probe of a sidecar': [
      withSpec({
        initContainers: [
          { name: 'init', image: 'x', restartPolicy: 'Always', livenessProbe: { exec: { command: ['x'] } } },
        ],
      }),
      [],
    ],
    'restart rules without a policy': [
      withContainer({
        restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'Is', values: [1] } }],
      }),
      [
        'spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
        'spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"',
      ],
    ],
    'ephemeral containers on create': [
      withSpec({
        ephemeralContainers: [
          { name: 'debug', image: 'busybox', targetContainerName: 'db', ports: [{ containerPort: 1 }] },
        ],
      }),
      [
        'spec.ephemeralContainers[0].targetContainerName: Not found: "db"',
        'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
        'spec.ephemeralContainers: Forbidden: cannot be set on create',
      ],
    ],
  });
});

test('ports', () => {
  check({
    'a port out of range': [
      withContainer({ ports: [{ containerPort: 70000 }] }),
      [
        'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ],
    ],
    'no port': [
      withContainer({ ports: [{ containerPort: 0 }] }),
      ['spec.containers[0].ports[0].containerPort: Required value'],
    ],
    'a protocol that does not exist': [
      withContainer({ ports: [{ containerPort: 80, protocol: 'HTTP' }] }),
      [
        'spec.containers[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
      ],
    ],
    'two ports of one name': [
      withContainer({
        ports: [
          { name: 'http', containerPort: 80 },
          { name: 'http', containerPort: 81 },
        ],
      }),
      ['spec.containers[0].ports[1].name: Duplicate value: "http"'],
    ],
    'one host port for two containers': [
      withSpec({
        containers: [
          { ...web, ports: [{ containerPort: 80, hostPort: 8080 }] },
          { name: 'b', image: 'x', ports: [{ containerPort: 81, hostPort: 8080 }] },
        ],
      }),
      ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//8080"'],
    ],
    'another host port with the host network': [
      withContainer({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true }),
      [
        'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
      ],
    ],
  });
});
