import { test } from 'node:test';
import type { DownwardAPIVolumeFile, VolumeProjection } from '../generated/types.ts';
import { check, withVolume } from './test-pods.ts';

const projected = (...sources: VolumeProjection[]) => withVolume({ name: 'a', projected: { sources } });
const down = (...items: DownwardAPIVolumeFile[]) => withVolume({ name: 'a', downwardAPI: { items } });
const at = 'spec.volumes[0].projected';
const first = `${at}.sources[0]`;

test('downward files', () => {
  const field = { fieldPath: 'metadata.name' };
  const resource = { containerName: 'web', resource: 'limits.cpu' };
  const downAt = 'spec.volumes[0].downwardAPI';
  check({
    'a field and a resource': [
      down({ path: 'f', fieldRef: field }, { path: 'r', resourceFieldRef: resource }),
      [],
    ],
    'neither, and both': [
      down({ path: '' }, { path: 'x', fieldRef: field, resourceFieldRef: resource, mode: 512 }),
      [
        `${downAt}.path: Required value`,
        `${downAt}: Required value: one of fieldRef and resourceFieldRef is required`,
        `${downAt}: Invalid value: "resource": fieldRef and resourceFieldRef can not be specified simultaneously`,
        `${downAt}.mode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive`,
      ],
    ],
    'a resource of no container': [
      down({ path: 'r', resourceFieldRef: { resource: 'limits.cpu' } }),
      [`${downAt}.resourceFieldRef.containerName: Required value`],
    ],
  });
});

test('projections', () => {
  check({
    'two in one': [
      projected({ secret: { name: 's' }, configMap: { name: 'c' } }),
      [`${first}: Forbidden: may not specify more than 1 volume type per source`],
    ],
    'a map without a name, and a key without a path': [
      projected({ configMap: { items: [{ key: 'k', path: '' }] } }),
      [`${first}.configMap.name: Required value`, `${first}.configMap.items[0].path: Required value`],
    ],
    'trust without a name': [
      projected({ clusterTrustBundle: { path: 'ca' } }),
      [`${first}.clusterTrustBundle: Required value: either name or signerName must be specified`],
    ],
    'trust by two names': [
      projected({ clusterTrustBundle: { path: '', name: 'n', signerName: 'x/y' } }),
      [
        `${first}.clusterTrustBundle: Invalid value: {"path":"","name":"n","signerName":"x/y"}: only one of name and signerName may be used`,
        `${first}.clusterTrustBundle.path: Required value`,
      ],
    ],
    'a certificate that says nothing': [
      projected({ podCertificate: { keyType: 'RSA1024', signerName: '', maxExpirationSeconds: 60 } }),
      [
        `${first}.podCertificate.signerName: Required value`,
        `${first}.podCertificate.keyType: Unsupported value: "RSA1024": supported values: "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096"`,
        `${first}.podCertificate.maxExpirationSeconds: Invalid value: 60: if provided, maxExpirationSeconds must be >= 3600`,
        `${first}.podCertificate: Required value: specify at least one of credentialBundlePath, keyPath, and certificateChainPath`,
      ],
    ],
    'two files of one name': [
      projected(
        { configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } },
        { downwardAPI: { items: [{ path: 'p', fieldRef: { fieldPath: 'metadata.name' } }] } },
      ),
      [`${at}: Invalid value: "p": conflicting duplicate paths`],
    ],
  });
});
