import type { ApiServerMetrics, RequestLabels } from './metrics.ts';
import type { RequestInfo } from './request-info.ts';
import type { RequestRecord } from './server.ts';

/** Upstream's names of verbs in its metrics. */
const verbNames: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
};

const elsewhere: RequestLabels = {
  verb: 'GET',
  group: '',
  version: '',
  resource: '',
  subresource: '',
  scope: '',
  dryRun: false,
};

/** Source: k8s.io/apiserver pkg/endpoints/metrics CleanScope: what is created is one object. */
function scopeOf({ name, verb, namespace }: RequestInfo): RequestLabels['scope'] {
  if (name !== '' || verb === 'create') return 'resource';
  return namespace !== '' ? 'namespace' : 'cluster';
}

/** Only a request that reached a kind carries the words it came with: clients may make up any others. */
export function recordRequest(metrics: ApiServerMetrics, record: RequestRecord): void {
  const { info, kind, status, seconds, isApply } = record;
  if (info === undefined || kind === undefined) {
    metrics.recordRequest(elsewhere, status, seconds);
    return;
  }
  const known = kind.subresources.includes(info.subresource);
  const labels: RequestLabels = {
    verb: isApply ? 'APPLY' : (verbNames[info.verb] ?? 'other'),
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    subresource: known ? info.subresource : '',
    scope: scopeOf(info),
    dryRun: info.query.size > 0 && info.query.getAll('dryRun').includes('All'),
  };
  metrics.recordRequest(labels, status, seconds);
}
