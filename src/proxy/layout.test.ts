import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cidr, parseCidr } from '../lib/cidr.ts';
import { diffTables } from '../nft/diff.ts';
import { renderOperations, ruleText } from '../nft/render.ts';
import { affinityRules, baseTable, dispatchRules } from './layout.ts';

const cidr = (text: string) => parseCidr(text) as Cidr;
const network = {
  node: 'a',
  nodeAddresses: ['172.30.0.2', 'fd00:30::2'],
  podCidrs: [cidr('10.244.0.0/24'), cidr('fd00:244::/64')],
  serviceCidrs: [cidr('10.96.0.0/16')],
};

test('the table without any Service', () => {
  const table = baseTable('IPv4', network);
  assert.deepEqual(renderOperations(diffTables(undefined, table), table).trimEnd().split('\n'), [
    'add table ip wherry',
    'delete table ip wherry',
    'add table ip wherry',
    'add set ip wherry local-pods { type ipv4_addr; flags interval; }',
    'add set ip wherry service-ranges { type ipv4_addr; flags interval; }',
    'add set ip wherry node-ips { type ipv4_addr; }',
    'add set ip wherry cluster-ips { type ipv4_addr; }',
    'add set ip wherry local-endpoints { type ipv4_addr; }',
    'add set ip wherry hairpin { type ipv4_addr . ipv4_addr; }',
    'add set ip wherry guarded { type ipv4_addr . inet_proto . inet_service; }',
    'add set ip wherry allowed-sources { type ipv4_addr . inet_proto . inet_service . ipv4_addr; flags interval; }',
    'add map ip wherry no-endpoints { type ipv4_addr . inet_proto . inet_service : verdict; }',
    'add map ip wherry no-endpoint-node-ports { type inet_proto . inet_service : verdict; }',
    'add map ip wherry vip-services { type ipv4_addr . inet_proto . inet_service : verdict; }',
    'add map ip wherry vip-endpoints { type ipv4_addr . inet_proto . inet_service . mark : ipv4_addr . inet_service; }',
    'add map ip wherry vip-ids { type ipv4_addr . inet_proto . inet_service . mark : mark; }',
    'add map ip wherry near-vip-services { type ipv4_addr . inet_proto . inet_service : verdict; }',
    'add map ip wherry near-vip-endpoints { type ipv4_addr . inet_proto . inet_service . mark : ipv4_addr . inet_service; }',
    'add map ip wherry near-vip-ids { type ipv4_addr . inet_proto . inet_service . mark : mark; }',
    'add map ip wherry node-port-services { type inet_proto . inet_service : verdict; }',
    'add map ip wherry node-port-endpoints { type inet_proto . inet_service . mark : ipv4_addr . inet_service; }',
    'add map ip wherry node-port-ids { type inet_proto . inet_service . mark : mark; }',
    'add map ip wherry near-node-port-services { type inet_proto . inet_service : verdict; }',
    'add map ip wherry near-node-port-endpoints { type inet_proto . inet_service . mark : ipv4_addr . inet_service; }',
    'add map ip wherry near-node-port-ids { type inet_proto . inet_service . mark : mark; }',
    'add chain ip wherry prerouting { type nat hook prerouting priority -100; policy accept; }',
    'add chain ip wherry output { type nat hook output priority -100; policy accept; }',
    'add chain ip wherry prerouting-again { type nat hook prerouting priority -99; policy accept; }',
    'add chain ip wherry output-again { type nat hook output priority -99; policy accept; }',
    'add chain ip wherry near',
    'add chain ip wherry far',
    'add chain ip wherry refuse-prerouting { type filter hook prerouting priority -90; policy accept; }',
    'add chain ip wherry refuse-output { type filter hook output priority -90; policy accept; }',
    'add chain ip wherry refuse',
    'add chain ip wherry layout-137658be02d4bd69',
    'add chain ip wherry reject-connection',
    'add chain ip wherry postrouting { type nat hook postrouting priority 100; policy accept; }',
    'flush chain ip wherry prerouting',
    'add rule ip wherry prerouting ip saddr @local-pods jump near',
    'add rule ip wherry prerouting jump far',
    'flush chain ip wherry output',
    'add rule ip wherry output jump near',
    'add rule ip wherry output jump far',
    'flush chain ip wherry prerouting-again',
    'add rule ip wherry prerouting-again ip saddr @local-pods jump near',
    'add rule ip wherry prerouting-again jump far',
    'flush chain ip wherry output-again',
    'add rule ip wherry output-again jump near',
    'add rule ip wherry output-again jump far',
    'flush chain ip wherry near',
    'add rule ip wherry near ip daddr . meta l4proto . th dport vmap @near-vip-services',
    'add rule ip wherry near ip daddr @node-ips meta l4proto . th dport vmap @near-node-port-services',
    'flush chain ip wherry far',
    'add rule ip wherry far ip daddr . meta l4proto . th dport vmap @vip-services',
    'add rule ip wherry far ip daddr @node-ips meta l4proto . th dport vmap @node-port-services',
    'flush chain ip wherry refuse-prerouting',
    'add rule ip wherry refuse-prerouting meta mark & 0xc0000000 == 0xc0000000 meta mark set 0x40000000',
    'add rule ip wherry refuse-prerouting ct state new jump refuse',
    'flush chain ip wherry refuse-output',
    'add rule ip wherry refuse-output meta mark & 0xc0000000 == 0xc0000000 meta mark set 0x40000000',
    'add rule ip wherry refuse-output ct state new jump refuse',
    'flush chain ip wherry refuse',
    'add rule ip wherry refuse ip daddr . meta l4proto . th dport vmap @no-endpoints',
    'add rule ip wherry refuse ip daddr @node-ips meta l4proto . th dport vmap @no-endpoint-node-ports',
    'add rule ip wherry refuse ip daddr @cluster-ips goto reject-connection',
    'add rule ip wherry refuse ip daddr @service-ranges drop',
    'flush chain ip wherry reject-connection',
    'add rule ip wherry reject-connection meta l4proto tcp reject with tcp reset',
    'add rule ip wherry reject-connection reject',
    'flush chain ip wherry postrouting',
    'add rule ip wherry postrouting ip saddr . ip daddr @hairpin ct status dnat masquerade fully-random',
    'add rule ip wherry postrouting meta mark & 0x40000000 == 0x40000000 ip saddr != @local-pods ip daddr != @local-endpoints masquerade fully-random',
    'add element ip wherry local-pods { 10.244.0.0/24 }',
    'add element ip wherry service-ranges { 10.96.0.0/16 }',
    'add element ip wherry node-ips { 172.30.0.2 }',
  ]);
});

test('the table of IPv6 has the same shape, with its own addresses', () => {
  const table = baseTable('IPv6', network);
  assert.deepEqual([...table.chains], [...baseTable('IPv4', network).chains]);
  const filled = [...table.sets].flatMap(([name, { elements }]) =>
    [...elements.keys()].map((key) => [name, key]),
  );
  assert.deepEqual(filled, [
    ['local-pods', 'fd00:244::/64'],
    ['node-ips', 'fd00:30::2'],
  ]);
});

test('the chains that Services share', () => {
  const texts = (rules: ReturnType<typeof dispatchRules>) => rules.map((rule) => ruleText(rule, 'ip'));
  assert.deepEqual(texts(dispatchRules('near-node-port', 3)), [
    'meta mark set numgen random mod 3 offset 3221225472 dnat ip to meta l4proto . th dport . meta mark map @near-node-port-endpoints',
  ]);
  assert.deepEqual(texts(affinityRules('vip', { count: 2, map: 'affinity-x', seconds: 60 })), [
    'meta mark set ip saddr map @affinity-x update @affinity-x { ip saddr timeout 60s : meta mark } dnat ip to ip daddr . meta l4proto . th dport . meta mark map @vip-endpoints',
    'delete @affinity-x { ip saddr : meta mark }',
    'meta mark set numgen random mod 2 offset 3221225472 meta mark set ip daddr . meta l4proto . th dport . meta mark map @vip-ids update @affinity-x { ip saddr timeout 60s : meta mark } dnat ip to ip daddr . meta l4proto . th dport . meta mark map @vip-endpoints',
    'meta mark set numgen random mod 2 offset 3221225472 meta mark set ip daddr . meta l4proto . th dport . meta mark map @vip-ids dnat ip to ip daddr . meta l4proto . th dport . meta mark map @vip-endpoints',
  ]);
});
