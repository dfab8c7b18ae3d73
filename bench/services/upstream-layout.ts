/**
 * The rules that kube-proxy's nftables mode would have for Services of two endpoints: a chain for each Service port with
 * an anonymous map in it, and a chain for each endpoint (KEP-3866). Generated here, to be loaded beside ours.
 */
export function upstreamRules(
  services: readonly { address: string; endpoints: readonly string[] }[],
): string {
  const lines = [
    'add table ip kube-proxy',
    'delete table ip kube-proxy',
    'add table ip kube-proxy',
    'add chain ip kube-proxy mark-for-masquerade',
    'add rule ip kube-proxy mark-for-masquerade meta mark set meta mark | 0x4000',
    'add set ip kube-proxy cluster-ips { type ipv4_addr; }',
    'add map ip kube-proxy service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }',
    'add chain ip kube-proxy services',
    'add rule ip kube-proxy services ip daddr . meta l4proto . th dport vmap @service-ips',
    'add chain ip kube-proxy nat-prerouting { type nat hook prerouting priority -100; }',
    'add rule ip kube-proxy nat-prerouting jump services',
  ];
  for (const [index, { address, endpoints }] of services.entries()) {
    const service = `service-${index}`;
    const chains = endpoints.map((_, slot) => `endpoint-${index}-${slot}`);
    for (const chain of [service, ...chains]) lines.push(`add chain ip kube-proxy ${chain}`);
    const slots = chains.map((chain, slot) => `${slot} : goto ${chain}`).join(', ');
    lines.push(
      `add rule ip kube-proxy ${service} ip daddr ${address} tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade`,
      `add rule ip kube-proxy ${service} numgen random mod ${endpoints.length} vmap { ${slots} }`,
    );
    for (const [slot, endpoint] of endpoints.entries())
      lines.push(
        `add rule ip kube-proxy ${chains[slot]} ip saddr ${endpoint} jump mark-for-masquerade`,
        `add rule ip kube-proxy ${chains[slot]} meta l4proto tcp dnat to ${endpoint}:8080`,
      );
    lines.push(
      `add element ip kube-proxy cluster-ips { ${address} }`,
      `add element ip kube-proxy service-ips { ${address} . tcp . 80 : goto ${service} }`,
    );
  }
  return `${lines.join('\n')}\n`;
}
