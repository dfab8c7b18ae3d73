import type { ApiServerMetrics, RequestLabels } from './metrics.ts';
import { isTrue } from './request-info.ts';
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

/** Only a request that reached a kind carries the words it came with: clients may make up any others. */
export function recordRequest(metrics: ApiServerMetrics, record: RequestRecord): void {
  const { info, kind, status, seconds } = record;
  if (info === undefined || kind === undefined) {
    metrics.recordRequest(elsewhere, status, seconds);
    return;
  }
  const known = kind.subresources.includes(info.subresource);
  const labels: RequestLabels = {
    verb: verbNames[info.verb] ?? 'other',
    group: kind.group,
    version: kind.version,
    resource: kind.plural,
    subresource: known ? info.subresource : '',
    scope: info.name !== '' ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster',
    dryRun: info.query.size > 0 && isTrue(info.query.get('dryRun')),
  };
  metrics.recordRequest(labels, status, seconds);
}
