/** Who may speak to the kubelet: the cluster's API server, by its client certificate. Source: kubelet/server/auth.go. */
import type { TLSSocket } from 'node:tls';
import { Refusal } from './answer.ts';

const apiServerName = 'kube-apiserver-kubelet-client';

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** What of the Node the path stands for, as roles would name it. */
const subresources: Readonly<Record<string, string>> = {
  stats: '[stats]',
  metrics: '[metrics]',
  logs: '[log]',
  pods: '[pods proxy]',
  runningpods: '[pods proxy]',
  healthz: '[healthz proxy]',
  configz: '[configz proxy]',
};

/** Throws a Refusal in upstream's words. The authority was checked with the connection; here it is for whom it spoke. */
export function admit(socket: TLSSocket, request: { method?: string; url?: string }): void {
  // Both: Node counts a TLS 1.3 session that is resumed as authorized where there never was a certificate.
  const { subject } = socket.getPeerCertificate();
  if (!socket.authorized || subject === undefined) throw new Refusal(401, 'Unauthorized');
  const name: unknown = subject.CN;
  if (name === apiServerName) return;
  const verb = verbs[request.method ?? ''] ?? '';
  const [first = ''] = (request.url ?? '').slice(1).split(/[/?]/);
  const subresource = Object.hasOwn(subresources, first) ? subresources[first] : '[proxy]';
  throw new Refusal(
    403,
    `Forbidden (user=${name ?? ''}, verb=${verb}, resource=nodes, subresource(s)=${subresource})\n`,
  );
}
