import { test } from 'node:test';
import { check, withSpec } from './test-pods.ts';

const dnsLabel =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

test('the rest of the spec', () => {
  check({
    choices: [
      withSpec({ restartPolicy: 'Sometimes', dnsPolicy: 'Local', preemptionPolicy: 'Maybe' }),
      [
        'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
        'spec.dnsPolicy: Unsupported value: "Local": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
        'spec.preemptionPolicy: Unsupported value: "Maybe": supported values: "PreemptLowerPriority", "Never"',
      ],
    ],
    names: [
      withSpec({ hostname: 'A', subdomain: 'b.c', activeDeadlineSeconds: 0 }),
      [
        'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
        `spec.hostname: Invalid value: "A": ${dnsLabel}`,
        'spec.subdomain: Invalid value: "b.c": must not contain dots',
      ],
    ],
    'no servers for DNS': [
      withSpec({ dnsPolicy: 'None' }),
      ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    ],
    'DNS settings': [
      withSpec({
        dnsConfig: {
          nameservers: ['10.0.0.1', 'x', '10.0.0.3', '10.0.0.4'],
          searches: ['_tcp.example.com', '.'],
          options: [{ value: '1' }],
        },
      }),
      [
        'spec.dnsConfig.nameservers: Invalid value: ["10.0.0.1","x","10.0.0.3","10.0.0.4"]: must not have more than 3 nameservers',
        'spec.dnsConfig.nameservers[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'spec.dnsConfig.options[0]: Required value: must not be empty',
      ],
    ],
    'host aliases': [
      withSpec({ hostAliases: [{ ip: '1.2.3', hostnames: ['ok.example.com'] }] }),
      [
        'spec.hostAliases[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    'users of its own on the host`s network': [
      withSpec({ hostUsers: false, hostNetwork: true }),
      ['spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false'],
    ],
    annotations: [
      withSpec(
        {},
        {
          annotations: {
            'kubernetes.io/config.mirror': 'x',
            'controller.kubernetes.io/pod-deletion-cost': '+1',
            'container.apparmor.security.beta.kubernetes.io/db': 'mine',
          },
        },
      ),
      [
        'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
        'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer',
        'metadata.annotations[container.apparmor.security.beta.kubernetes.io/db]: Invalid value: "db": container not found',
        'metadata.annotations[container.apparmor.security.beta.kubernetes.io/db]: Invalid value: "mine": invalid AppArmor profile name: "mine"',
      ],
    ],
  });
});
