/** Which labels a node may give to itself. Source: plugin/pkg/admission/noderestriction, k8s.io/kubelet pkg/apis. */

/** For the cluster's owner alone, to keep workloads on nodes that are trusted. */
const restricted = 'node-restriction.kubernetes.io';

const allowed: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);

const allowedDomains = ['kubelet.kubernetes.io', 'node.kubernetes.io'];

const isIn = (domain: string, of: string): boolean => domain === of || domain.endsWith(`.${of}`);

function isForbidden(label: string): boolean {
  const slash = label.indexOf('/');
  const domain = slash === -1 ? '' : label.slice(0, slash);
  if (isIn(domain, restricted)) return true;
  if (!isIn(domain, 'kubernetes.io') && !isIn(domain, 'k8s.io')) return false;
  return !allowed.has(label) && !allowedDomains.some((each) => isIn(domain, each));
}

type Labels = Readonly<Record<string, string>>;

/** Those that are added, removed or changed and may not be; in order. */
export function forbiddenLabels(now: Labels = {}, before: Labels = {}): string[] {
  const [left, right] = [new Map(Object.entries(now)), new Map(Object.entries(before))];
  const keys = new Set([...left.keys(), ...right.keys()]);
  return [...keys].filter((key) => left.get(key) !== right.get(key) && isForbidden(key)).sort();
}
