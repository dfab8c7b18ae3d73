import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../lib/system.ts';
import { ensureCertificates } from '../certificates.ts';
import { administratorName, clusterName, kubeconfigText, writeKubeconfig } from '../kubeconfig.ts';
import { kubeconfigFile, openApi } from './api.ts';

test('it is the cluster itself that is asked, whichever its user has made current in its kubeconfig', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-api-'));
  try {
    assert.equal(await openApi(directory), undefined);
    const { authority, administrator } = await ensureCertificates({
      ...{ directory: join(directory, 'pki'), serverNames: ['127.0.0.1'], clock: systemClock },
    });
    const config = (name: string, port: number) => ({
      ...{ name, authority, server: `https://127.0.0.1:${port}` },
      user: { name: administratorName, ...administrator },
    });
    await writeFile(kubeconfigFile(directory), kubeconfigText(config('elsewhere', 1)));
    await writeKubeconfig(kubeconfigFile(directory), config(clusterName, 6443));
    const api = await openApi(directory);
    await api?.close();
    assert.equal(api?.url, 'https://127.0.0.1:6443');
  } finally {
    await rm(directory, { recursive: true });
  }
});
