import { test } from 'node:test';
import type { PersistentVolumeClaimTemplate } from '../generated/types.ts';
import { check, withVolume } from './test-pods.ts';

const claim = (spec: PersistentVolumeClaimTemplate['spec'], metadata = {}) =>
  withVolume({ name: 'data', ephemeral: { volumeClaimTemplate: { metadata, spec } } });
const good = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const at = 'spec.volumes[0].ephemeral.volumeClaimTemplate';

test('the claim of an ephemeral volume', () => {
  check({
    'a good one': [claim(good, { labels: { app: 'web' } }), []],
    'no claim at all': [
      withVolume({ name: 'data', ephemeral: {} }),
      ['spec.volumes[0].ephemeral.volumeClaimTemplate: Required value'],
    ],
    'nothing asked': [
      claim({}),
      [
        `${at}.spec.accessModes: Required value: at least 1 access mode is required`,
        `${at}.spec.resources[storage]: Required value`,
      ],
    ],
    'modes that do not go together, and one that is none': [
      claim({ ...good, accessModes: ['ReadWriteOncePod', 'ReadOnlyMany', 'WriteOnly'] }),
      [
        `${at}.spec.accessModes: Unsupported value: "WriteOnly": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"`,
        `${at}.spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes`,
      ],
    ],
    'no space, in no known form': [
      claim({ ...good, resources: { requests: { storage: '0' } }, volumeMode: 'Tape' }),
      [
        `${at}.spec.resources[storage]: Invalid value: "0": must be greater than zero`,
        `${at}.spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"`,
      ],
    ],
    'a source that is nothing': [
      claim({ ...good, dataSource: { kind: 'Snapshot', name: '' } }),
      [
        `${at}.spec.dataSource.name: Required value`,
        `${at}.spec.dataSource: Invalid value: "Snapshot": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
      ],
    ],
    'a name of its own': [claim(good, { name: 'x' }), [`${at}.metadata.name: Forbidden: cannot be set`]],
  });
});
