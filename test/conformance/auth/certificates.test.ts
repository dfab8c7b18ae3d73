/**
 * Certificate signing requests as a client of the API sees them, from the asking to the certificate that lets it in.
 * What is asked for: test/e2e/auth/certificates.go of Kubernetes.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  ApiException,
  ApisApi,
  AuthenticationV1Api,
  CertificatesApi,
  CertificatesV1Api,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1CertificateSigningRequest,
  type V1CertificateSigningRequestCondition,
  Watch,
} from '@kubernetes/client-node';
import { issueAuthority, issueLeaf } from '../../../src/cluster/issue.ts';
import { makeCertificateRequest, makePrivateKey } from '../../../src/cluster/sign-request.ts';
import { systemClock } from '../../../src/lib/system.ts';
import { type ClientCluster, eventually, startClientCluster } from '../clients/cluster.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

const condition = (type: string): V1CertificateSigningRequestCondition => ({
  type,
  status: 'True',
  reason: 'Tested',
  message: 'by a test',
});

describe('certificate signing requests', () => {
  let cluster: ClientCluster;
  let requests: CertificatesV1Api;
  before(async () => {
    cluster = await startClientCluster();
    requests = cluster.config.makeApiClient(CertificatesV1Api);
  });
  after(() => cluster?.stop());

  async function sample(
    commonName: string,
    spec: Partial<V1CertificateSigningRequest['spec']>,
  ): Promise<{ key: string; body: V1CertificateSigningRequest }> {
    const key = await makePrivateKey();
    const request = base64(makeCertificateRequest(key, { commonName, organizations: [], names: [] }));
    const usages = ['digital signature', 'key encipherment', 'client auth'];
    const body = {
      metadata: { generateName: `${commonName}-` },
      spec: { request, usages, signerName: 'example.com/tested', expirationSeconds: 3600, ...spec },
    };
    return { key, body };
  }

  test('the certificate lets its owner in, for no longer than was asked', async () => {
    const { key, body } = await sample('tester', { signerName: 'kubernetes.io/kube-apiserver-client' });
    const made = await requests.createCertificateSigningRequest({ body });
    const name = made.metadata?.name as string;
    await requests.replaceCertificateSigningRequestApproval({
      name,
      body: { ...made, status: { conditions: [condition('Approved')] } },
    });
    const certificate = await eventually(
      async () => (await requests.readCertificateSigningRequest({ name })).status?.certificate,
    );
    const pem = Buffer.from(certificate, 'base64').toString();
    assert.equal(pem.match(/BEGIN CERTIFICATE/g)?.length, 1);
    const parsed = new X509Certificate(pem);
    const life = Date.parse(parsed.validTo) - Date.parse(parsed.validFrom);
    assert.ok(life <= 65 * 60_000, `it lives for ${life} ms`);

    const config = new KubeConfig();
    const { server, caData } = cluster.config.getCurrentCluster() ?? { server: '' };
    config.loadFromClusterAndUser(
      { name: 'c', server, ...(caData === undefined ? {} : { caData }), skipTLSVerify: false },
      { name: 'u', certData: certificate, keyData: base64(key) },
    );
    const self = await config.makeApiClient(AuthenticationV1Api).createSelfSubjectReview({ body: {} });
    assert.deepEqual(
      [self.status?.userInfo?.username, self.status?.userInfo?.groups],
      ['tester', ['system:authenticated']],
    );
  });

  test('discovery names the requests and their two sides', async () => {
    const { groups } = await cluster.config.makeApiClient(ApisApi).getAPIVersions();
    const group = groups.find(({ name }) => name === 'certificates.k8s.io');
    assert.deepEqual(
      group?.versions.map(({ version }) => version),
      ['v1'],
    );
    const alone = await cluster.config.makeApiClient(CertificatesApi).getAPIGroup();
    assert.equal(alone.preferredVersion?.version, 'v1');
    const { resources } = await requests.getAPIResources();
    assert.deepEqual(
      resources
        .filter(({ name }) => name.startsWith('certificatesigningrequests'))
        .map(({ name, verbs }) => [name, verbs.join(' ')]),
      [
        ['certificatesigningrequests', 'create delete deletecollection get list patch update watch'],
        ['certificatesigningrequests/approval', 'get patch update'],
        ['certificatesigningrequests/status', 'get patch update'],
      ],
    );
  });

  test('every operation, of the request, its approval and its status', async () => {
    const spec = { signerName: 'example.com/operations', usages: ['digital signature', 'server auth'] };
    const made: V1CertificateSigningRequest[] = [];
    for (let count = 0; count < 3; count++)
      made.push(
        await requests.createCertificateSigningRequest({
          body: (await sample('e2e.example.com', spec)).body,
        }),
      );
    const name = made[2]?.metadata?.name as string;
    const fieldSelector = `spec.signerName=${spec.signerName}`;
    const list = () => requests.listCertificateSigningRequest({ fieldSelector });
    assert.deepEqual(await requests.readCertificateSigningRequest({ name }), made[2]);
    const listed = await list();
    assert.equal(listed.items.length, 3);

    const seen: [type: string, annotations: object][] = [];
    const watching = await new Watch(cluster.config).watch(
      '/apis/certificates.k8s.io/v1/certificatesigningrequests',
      { resourceVersion: listed.metadata?.resourceVersion, fieldSelector: `metadata.name=${name}` },
      (type, { metadata }) => seen.push([type, metadata.annotations]),
      () => {},
    );
    const annotate = (key: string) => ({ metadata: { annotations: { [key]: 'true' } } });
    const patched = await requests.patchCertificateSigningRequest({ name, body: annotate('patched') }, merge);
    const updated = await requests.replaceCertificateSigningRequest({
      name,
      body: {
        ...patched,
        metadata: { ...patched.metadata, annotations: { patched: 'true', updated: 'true' } },
      },
    });
    assert.deepEqual(updated.metadata?.annotations, { patched: 'true', updated: 'true' });
    await eventually(async () => seen.length === 2);
    watching.abort();
    assert.deepEqual(seen, [
      ['MODIFIED', { patched: 'true' }],
      ['MODIFIED', { patched: 'true', updated: 'true' }],
    ]);

    assert.deepEqual(await requests.readCertificateSigningRequestApproval({ name }), updated);
    const half = await requests.patchCertificateSigningRequestApproval(
      { name, body: { ...annotate('approval'), status: { conditions: [condition('ApprovalPatch')] } } },
      merge,
    );
    assert.equal(half.metadata?.annotations?.approval, 'true');
    const conditions = [...(half.status?.conditions ?? []), condition('Approved')];
    const approved = await requests.replaceCertificateSigningRequestApproval({
      name,
      body: { ...half, status: { conditions } },
    });
    assert.deepEqual(
      approved.status?.conditions?.map(({ type }) => type),
      ['ApprovalPatch', 'Approved'],
    );
    assert.ok(approved.status?.conditions?.every(({ lastUpdateTime }) => lastUpdateTime instanceof Date));

    assert.deepEqual(await requests.readCertificateSigningRequestStatus({ name }), approved);
    const now = systemClock.now();
    const leaf = await issueLeaf(await issueAuthority(now), {
      commonName: 'e2e.example.com',
      organization: 'x',
      names: ['e2e.example.com'],
      usage: 'server',
      now,
    });
    const certificate = base64(leaf.certificate);
    const issued = await requests.patchCertificateSigningRequestStatus(
      { name, body: { ...annotate('status'), status: { certificate } } },
      merge,
    );
    assert.deepEqual(
      [issued.status?.certificate, issued.metadata?.annotations?.status],
      [certificate, 'true'],
    );
    const told = await requests.replaceCertificateSigningRequestStatus({
      name,
      body: {
        ...issued,
        status: {
          ...issued.status,
          conditions: [...(issued.status?.conditions ?? []), condition('StatusUpdate')],
        },
      },
    });
    assert.deepEqual(
      told.status?.conditions?.map(({ type }) => type),
      ['ApprovalPatch', 'Approved', 'StatusUpdate'],
    );

    await requests.deleteCertificateSigningRequest({ name });
    await assert.rejects(
      requests.readCertificateSigningRequest({ name }),
      (error) => error instanceof ApiException && error.code === 404,
    );
    assert.equal((await list()).items.length, 2);
    await requests.deleteCollectionCertificateSigningRequest({ fieldSelector });
    assert.equal((await list()).items.length, 0);
  });
});
