import { test } from 'node:test';
import { check, withSpec } from './test-pods.ts';

const searches = (...names: string[]) => withSpec({ dnsConfig: { searches: names } });
const searchDomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";

test('DNS', () => {
  check({
    'names that may be searched': [searches('example.com', 'example.com.', '_sip._tcp.example.com', '.'), []],
    'names that may not': [
      searches('Example.com', 'a..b'),
      [
        `spec.dnsConfig.searches[0]: Invalid value: "Example.com": ${searchDomain}`,
        `spec.dnsConfig.searches[1]: Invalid value: "a..b": ${searchDomain}`,
      ],
    ],
    'no policy, and servers': [
      withSpec({ dnsPolicy: 'None', dnsConfig: { nameservers: ['10.0.0.10'] } }),
      [],
    ],
    'no policy, and no servers': [
      withSpec({ dnsPolicy: 'None', dnsConfig: {} }),
      [
        'spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None',
      ],
    ],
  });
});

test('names of the host', () => {
  check({
    'a name that overrides': [withSpec({ hostnameOverride: 'web.example.com' }), []],
    'a name that overrides on the host`s network': [
      withSpec({ hostnameOverride: 'web', hostNetwork: true, setHostnameAsFQDN: true }),
      [
        'spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true',
        'spec.setHostnameAsFQDN: Forbidden: may not be specified when hostnameOverride is set',
      ],
    ],
    'users of its own with all of the host': [
      withSpec({ hostUsers: false, hostPID: true, hostIPC: true }),
      [
        'spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false',
        'spec.HostIPC: Forbidden: when `pod.Spec.HostUsers` is false',
      ],
    ],
  });
});
