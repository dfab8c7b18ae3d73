/** The options of `wherry why`, checked. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../usage-error.ts';

/** Documented in --help. */
export const whyCodes = { answers: 0, broken: 1, usage: 2, unknown: 3 } as const;

export interface WhyOptions {
  readonly name: string;
  /** Undefined: that of the kubeconfig. */
  readonly namespace: string | undefined;
  readonly port: string | undefined;
  /** `name` or `namespace/name`. */
  readonly from: string | undefined;
  readonly output: 'text' | 'json';
  readonly kubeconfig: string;
  readonly zone: string;
}

export interface RawWhyOptions {
  readonly namespace?: string;
  readonly port?: string;
  readonly from?: string;
  readonly output: string;
  readonly kubeconfig?: string;
  readonly clusterDomain: string;
}

const namePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/i;

function nameOf(what: string, text: string): string {
  if (namePattern.test(text)) return text;
  throw new UsageError(`${what} is ${JSON.stringify(text)}; wanted is a name, such as web`);
}

/** Throws UsageError: what was given, and what is wanted. */
export function checkWhyOptions(
  service: string,
  raw: RawWhyOptions,
  machine: { environment: Readonly<Record<string, string | undefined>>; home: string },
): WhyOptions {
  const [, , name = ''] = /^((?:svc|services?)\/)?(.*)$/s.exec(service) ?? [];
  if (raw.output !== 'text' && raw.output !== 'json')
    throw new UsageError(`--output is ${JSON.stringify(raw.output)}; wanted is text or json`);
  const from = raw.from?.replace(/^pods?\//, '');
  if (from !== undefined && !/^([-a-z0-9]{1,63}\/)?[-a-z0-9.]{1,253}$/i.test(from))
    throw new UsageError(`--from is ${JSON.stringify(raw.from)}; wanted is a pod: NAME or NAMESPACE/NAME`);
  const { port } = raw;
  if (port !== undefined && !/^[-a-z0-9]{1,63}$/i.test(port))
    throw new UsageError(`--port is ${JSON.stringify(port)}; wanted is a number or a name`);
  return {
    name: nameOf('the Service', name),
    namespace: raw.namespace === undefined ? undefined : nameOf('--namespace', raw.namespace),
    ...{ port, from },
    output: raw.output,
    kubeconfig: raw.kubeconfig ?? findKubeconfig(machine),
    zone: raw.clusterDomain,
  };
}

/** As kubectl looks for it, and then where `wherry up` leaves it. */
function findKubeconfig(machine: {
  environment: Readonly<Record<string, string | undefined>>;
  home: string;
}): string {
  const named = (machine.environment.KUBECONFIG ?? '').split(':').filter((file) => file !== '');
  const usual = [
    join(machine.home, '.kube', 'config'),
    join(machine.home, '.wherry', 'default', 'kubeconfig'),
  ];
  const places = named.length > 0 ? named : usual;
  return places.find((file) => existsSync(file)) ?? places[0]!;
}
