/** What /etc/resolv.conf says. Source: resolv.conf(5). */

export interface ResolverConfiguration {
  /** Addresses, in the order in which they are asked. */
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  /** `ndots:5`, `rotate`: as they stand there. */
  readonly options: readonly string[];
}

/** A file longer than this is no resolv.conf. */
const charactersMax = 64 * 1024;

/** Lines that mean nothing are passed over, as resolvers do; of several search lines the last holds. */
export function parseResolvConf(text: string): ResolverConfiguration {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  let options: readonly string[] = [];
  for (const line of text.slice(0, charactersMax).split('\n')) {
    const [word = '', ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    if (word === 'nameserver' && values[0] !== undefined) nameservers.push(values[0]);
    else if (word === 'search') search = values;
    else if (word === 'domain') search = values.slice(0, 1);
    else if (word === 'options') options = [...options, ...values];
  }
  return { nameservers, search, options };
}
