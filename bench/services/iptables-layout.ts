/**
 * The rules that kube-proxy's iptables mode would have: KUBE-SERVICES with a rule for each Service, one after the other,
 * a chain for each Service with a rule for each endpoint, and a chain for each endpoint. For iptables-restore.
 */
export function iptablesRules(
  services: readonly { address: string; endpoints: readonly string[] }[],
): string {
  const chains = [':KUBE-SERVICES - [0:0]', ':KUBE-MARK-MASQ - [0:0]', ':KUBE-POSTROUTING - [0:0]'];
  const rules = [
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
    '-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000',
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    '-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000',
  ];
  for (const [index, { address, endpoints }] of services.entries()) {
    const service = `KUBE-SVC-${String(index).padStart(16, '0')}`;
    const comment = (text: string) => `-m comment --comment "default/service-${index}${text}"`;
    chains.push(`:${service} - [0:0]`);
    rules.push(
      `-A KUBE-SERVICES -d ${address}/32 -p tcp ${comment(' cluster IP')} -m tcp --dport 80 -j ${service}`,
    );
    for (const [slot, endpoint] of endpoints.entries()) {
      const chain = `KUBE-SEP-${String(index).padStart(14, '0')}-${slot}`;
      chains.push(`:${chain} - [0:0]`);
      const left = endpoints.length - slot;
      const share = left === 1 ? '' : ` -m statistic --mode random --probability ${(1 / left).toFixed(11)}`;
      rules.push(
        `-A ${service} ${comment(` -> ${endpoint}:8080`)}${share} -j ${chain}`,
        `-A ${chain} -s ${endpoint}/32 ${comment('')} -j KUBE-MARK-MASQ`,
        `-A ${chain} -p tcp ${comment('')} -m tcp -j DNAT --to-destination ${endpoint}:8080`,
      );
    }
  }
  return `*nat\n${[...chains, ...rules].join('\n')}\nCOMMIT\n`;
}
