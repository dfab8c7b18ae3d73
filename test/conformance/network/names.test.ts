/**
 * Names, as a pod's resolver looks them up: by its resolv.conf and hosts file, as kubelet writes them, in what the
 * cluster's DNS publishes. Sources of what is asked: test/e2e/network/dns.go and dns_common.go of kubernetes/kubernetes.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Forwarder } from '../../../src/dns/forwarder.ts';
import { Publisher } from '../../../src/dns/publisher.ts';
import { Resolver } from '../../../src/dns/resolver.ts';
import { Responder } from '../../../src/dns/responder.ts';
import { query, shown } from '../../../src/dns/test-kit.ts';
import { Zone } from '../../../src/dns/zone.ts';
import type { Pod } from '../../../src/kinds/generated/types.ts';
import { podDns } from '../../../src/kubelet/config/dns.ts';
import { podHostname } from '../../../src/kubelet/config/hostname.ts';
import { hostsFile } from '../../../src/kubelet/config/hosts.ts';
import { WherryError } from '../../../src/lib/errors.ts';
import { silentLogger } from '../../../src/lib/log.ts';
import { seededRandom } from '../../../src/lib/random.ts';
import { type NetworkLab, startNetworkLab } from './lab.ts';

const services = '/api/v1/namespaces/default/services';
const zoneName = 'cluster.local';
const cluster = { servers: ['10.96.0.10'], domain: zoneName };
const node = { servers: ['192.0.2.53'], searches: ['lab.example.com'], options: [] };
const labels = { 'dns-test': 'true' };
const http = { name: 'http', port: 80, protocol: 'TCP', targetPort: 'http' };

interface Asker {
  /** What a resolver with this pod's resolv.conf finds: the answers to the first name that has some. */
  lookUp(pod: Pod, name: string, type?: string): Promise<string[]>;
}

function startNames(lab: NetworkLab): Asker {
  const { informers, clock } = lab;
  const zone = new Zone({ zone: zoneName, seconds: 5 });
  const publisher = new Publisher({ informers, zone, zoneName, serverAddresses: cluster.servers });
  const responder = new Responder({
    ...{ zone, zoneName, seconds: 5 },
    hasNamespace: (name) => publisher.hasNamespace(name),
    isReady: () => publisher.isReady,
  });
  const forwarder = new Forwarder({
    upstreams: [],
    ...{ clock, random: seededRandom(3), log: silentLogger },
    ask: () => Promise.reject(new WherryError('DNS_TIMEOUT', 'nobody is asked here')),
  });
  const resolver = new Resolver({ responder, forwarder, seconds: 5 });
  const answersTo = async (name: string, type: string): Promise<string[]> => {
    const perProtocol = [];
    for (const overTcp of [false, true]) {
      const reply = await resolver.reply(query(name, { type }), overTcp);
      const lines = reply === undefined ? [] : shown(reply.message);
      perProtocol.push(lines.flatMap((line) => /^answer \S+ \d+ (.+)$/.exec(line)?.[1] ?? []).sort());
    }
    assert.deepEqual(perProtocol[0], perProtocol[1]);
    return perProtocol[0] ?? [];
  };
  return {
    async lookUp(pod, name, type = 'A') {
      const { servers, searches, options } = podDns(pod, { cluster, node });
      assert.deepEqual(servers, cluster.servers);
      const dotsWanted = Number(options.find((each) => each.startsWith('ndots:'))?.slice(6) ?? 1);
      const searched = searches.map((domain) => (domain === '.' ? name : `${name}.${domain}`));
      const dots = name.split('.').length - 1;
      const names = dots >= dotsWanted ? [name, ...searched] : [...searched, name];
      for (const each of names) {
        const found = await answersTo(each, type);
        if (found.length > 0) return found;
      }
      return [];
    },
  };
}

const headless = (name: string) => ({
  metadata: { name },
  spec: { clusterIP: 'None', selector: labels, ports: [http] },
});

/** A line of a hosts file that says these names. */
const hostsLine = (pod: Pod, names: string): string | undefined =>
  hostsFile(pod, {
    name: podHostname(pod, zoneName),
    podIPs: (pod.status?.podIPs ?? []).map(({ ip }) => ip ?? ''),
    nodeHosts: '',
  })
    .split('\n')
    .find((line) => line.endsWith(`\t${names}`));

describe('the cluster', () => {
  const names = ['kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'];
  const configurations: Record<string, object> = {
    'a pod': {},
    'a pod in its node’s network that asks the cluster': {
      ...{ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
    },
    'six search paths of its own, longer than 256 characters': {
      dnsPolicy: 'ClusterFirst',
      dnsConfig: {
        searches: [1, 2, 3, 4, 5, 6].map((count) => `${String(count).padStart(38, '0')}.k8s.io`),
        options: [{ name: 'ndots', value: '5' }],
      },
    },
    'a search path of one dot, and one with an underscore': {
      dnsPolicy: 'ClusterFirst',
      dnsConfig: { searches: ['.', '_sip._tcp.abc_d.example.com'] },
    },
  };
  for (const [name, spec] of Object.entries(configurations))
    test(name, async (t) => {
      const lab = await startNetworkLab(t);
      const { lookUp } = startNames(lab);
      const pod = await lab.pod('querier', { spec });
      await lab.rest();
      const { clusterIP } = (await lab.call('GET', `${services}/kubernetes`)).spec;
      for (const each of names) assert.deepEqual(await lookUp(pod, each), [`A ${clusterIP}`], each);
    });
});

test('Services with and without an address, by every name they have', async (t) => {
  const lab = await startNetworkLab(t);
  const { lookUp } = startNames(lab);
  await lab.call('POST', services, headless('dns-test-service'));
  const { spec } = await lab.call('POST', services, {
    metadata: { name: 'test-service-2' },
    spec: { selector: labels, ports: [http] },
  });
  const pod = await lab.pod('querier', { labels, ports: { http: 8080 } });
  const other = await lab.pod('other', { labels, ports: { http: 8081 }, node: 'node-b' });
  await lab.rest();
  const dashed = (each: Pod) => (each.status?.podIP ?? '').replaceAll('.', '-');
  const both = [pod, other].map(({ status }) => `A ${status?.podIP}`).sort();
  const own = 'dns-test-service.default.svc.cluster.local';
  for (const suffix of ['', '.default', '.default.svc', '.default.svc.cluster.local']) {
    assert.deepEqual(await lookUp(pod, `dns-test-service${suffix}`), both);
    assert.deepEqual(await lookUp(pod, `test-service-2${suffix}`), [`A ${spec.clusterIP}`]);
    assert.deepEqual(await lookUp(pod, `_http._tcp.test-service-2${suffix}`, 'SRV'), [
      'SRV 0 100 80 test-service-2.default.svc.cluster.local',
    ]);
    assert.deepEqual(
      await lookUp(pod, `_http._tcp.dns-test-service${suffix}`, 'SRV'),
      [`SRV 0 50 8080 ${dashed(pod)}.${own}`, `SRV 0 50 8081 ${dashed(other)}.${own}`].sort(),
    );
  }
  const reverse = (address: string) => `${address.split('.').reverse().join('.')}.in-addr.arpa`;
  assert.deepEqual(await lookUp(pod, reverse(spec.clusterIP), 'PTR'), [
    'PTR test-service-2.default.svc.cluster.local',
  ]);
  assert.deepEqual(await lookUp(pod, `${dashed(pod)}.default.pod.cluster.local`), [`A ${pod.status?.podIP}`]);
});

test('a pod’s hostname and subdomain', async (t) => {
  const lab = await startNetworkLab(t);
  const { lookUp } = startNames(lab);
  await lab.call('POST', services, headless('dns-test-service-2'));
  const spec = { hostname: 'dns-querier-2', subdomain: 'dns-test-service-2' };
  const pod = await lab.pod('querier', { labels, ports: { http: 8080 }, spec });
  await lab.rest();
  const subdomain = 'dns-test-service-2.default.svc.cluster.local';
  const full = `dns-querier-2.${subdomain}`;
  const answer = [`A ${pod.status?.podIP}`];
  assert.deepEqual([await lookUp(pod, full), await lookUp(pod, subdomain)], [answer, answer]);
  assert.equal(hostsLine(pod, `${full}\tdns-querier-2`), `${pod.status?.podIP}\t${full}\tdns-querier-2`);
  const plain = await lab.pod('plain');
  assert.equal(hostsLine(plain, 'plain'), `${plain.status?.podIP}\tplain`);
});

test('an ExternalName, another one, and an address in its place', async (t) => {
  const lab = await startNetworkLab(t);
  const { lookUp } = startNames(lab);
  const pod = await lab.pod('querier');
  await lab.call('POST', services, {
    metadata: { name: 'dns-test-service-3' },
    spec: { type: 'ExternalName', externalName: 'foo.example.com' },
  });
  const change = async (spec: object) => {
    const found = await lab.call('GET', `${services}/dns-test-service-3`);
    const changed = await lab.call('PUT', `${services}/dns-test-service-3`, {
      ...found,
      spec: { ...found.spec, ...spec },
    });
    await lab.rest();
    return changed.spec;
  };
  const name = 'dns-test-service-3.default.svc.cluster.local';
  await lab.rest();
  assert.deepEqual(await lookUp(pod, name, 'CNAME'), ['CNAME foo.example.com']);
  await change({ externalName: 'bar.example.com' });
  assert.deepEqual(await lookUp(pod, name, 'CNAME'), ['CNAME bar.example.com']);
  // The name is left where it stands: with the new type it counts no more.
  const { clusterIP } = await change({ type: 'ClusterIP', ports: [http] });
  assert.deepEqual(await lookUp(pod, name), [`A ${clusterIP}`]);
  assert.deepEqual(await lookUp(pod, name, 'CNAME'), []);
});

test('servers and search paths of a pod’s own, and none of the cluster', async (t) => {
  const lab = await startNetworkLab(t);
  const dnsConfig = {
    nameservers: ['1.1.1.1'],
    searches: ['resolv.conf.local'],
    options: [{ name: 'ndots', value: '2' }],
  };
  const pod = await lab.pod('querier', { spec: { dnsPolicy: 'None', dnsConfig } });
  assert.deepEqual(podDns(pod, { cluster, node }), {
    servers: ['1.1.1.1'],
    searches: ['resolv.conf.local'],
    options: ['ndots:2'],
  });
});

test('a Service whose name begins with a digit', async (t) => {
  const lab = await startNetworkLab(t);
  const { lookUp } = startNames(lab);
  const pod = await lab.pod('querier');
  const { spec } = await lab.call('POST', services, {
    metadata: { name: '1kubernetes' },
    spec: { ports: [{ port: 443 }] },
  });
  await lab.rest();
  assert.deepEqual(await lookUp(pod, '1kubernetes.default.svc.cluster.local'), [`A ${spec.clusterIP}`]);
  // An Ingress may lead to it.
  const backend = { service: { name: '1kubernetes', port: { number: 443 } } };
  const made = await lab.call('POST', '/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
    metadata: { name: 'leads-there' },
    spec: { defaultBackend: backend },
  });
  assert.deepEqual(made.spec.defaultBackend, backend);
});
