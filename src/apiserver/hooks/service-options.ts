/**
 * The server's options for ClusterIPs and node ports, checked at start.
 * Source of the rules: cmd/kube-apiserver/app/options/validation.go, pkg/controlplane/services.go.
 */
import { type Cidr, cidrSize, parseCidr } from '../../lib/cidr.ts';
import { UserError } from '../../lib/errors.ts';
import type { PortRange } from '../../service/port-allocator.ts';

const addressesMin = 8n;
const ipv6PrefixMin = 64;

function parseServiceCIDR(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined || cidr.flaw !== undefined)
    throw new UserError(
      'BAD_SERVICE_CIDR',
      `the range of service addresses is ${JSON.stringify(text)}, which is not a network such as 10.96.0.0/16`,
    );
  if (cidrSize(cidr) < addressesMin)
    throw new UserError(
      'BAD_SERVICE_CIDR',
      `the range of service addresses ${text} is too small: it must have at least ${addressesMin} addresses`,
    );
  if (cidr.family === 'IPv6' && cidr.prefix < ipv6PrefixMin)
    throw new UserError(
      'BAD_SERVICE_CIDR',
      `the range of service addresses ${text} is too large: an IPv6 prefix must be at least /${ipv6PrefixMin}`,
    );
  return cidr;
}

/** One range, or one of each family; the first family is the cluster's default. Throws BAD_SERVICE_CIDR. */
export function parseServiceCIDRs(texts: readonly string[]): readonly Cidr[] {
  const cidrs = texts.map(parseServiceCIDR);
  if (cidrs.length < 1 || cidrs.length > 2 || cidrs[0]?.family === cidrs[1]?.family)
    throw new UserError(
      'BAD_SERVICE_CIDR',
      `the ranges of service addresses are ${JSON.stringify(texts)}; wanted is one range, or one IPv4 and one IPv6 range`,
    );
  return cidrs;
}

/** `30000-32767`, `30000+100` or `30000`. Throws BAD_NODE_PORT_RANGE. */
export function parseNodePortRange(text: string): PortRange {
  const [, from = '', sign = '', to = ''] = /^(\d{1,5})(?:([-+])(\d{1,5}))?$/.exec(text.trim()) ?? [];
  const first = Number(from);
  const last = sign === '' ? first : sign === '-' ? Number(to) : first + Number(to);
  if (from === '' || first < 1 || last < first || last > 65_535)
    throw new UserError(
      'BAD_NODE_PORT_RANGE',
      `the range of node ports is ${JSON.stringify(text)}; wanted are two ports from 1 to 65535, such as 30000-32767`,
    );
  return { first, last };
}
