import { test } from 'node:test';
import type { Volume } from '../generated/types.ts';
import { check, withVolume } from './test-pods.ts';

const at = 'spec.volumes[0]';
const source = (volume: Omit<Volume, 'name'>) => withVolume({ name: 'a', ...volume });
const pairs = 'must be a host:port pair or multiple pairs separated by commas';

test('sources of volumes', () => {
  check({
    'iscsi: nothing': [
      source({ iscsi: { targetPortal: '', iqn: '', lun: 256, chapAuthSession: true } }),
      [
        `${at}.iscsi.targetPortal: Required value`,
        `${at}.iscsi.iqn: Required value`,
        `${at}.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive`,
        `${at}.iscsi.secretRef: Required value`,
      ],
    ],
    'iscsi: names': [
      source({ iscsi: { targetPortal: 'p', iqn: 'iqn.2026', lun: 0, initiatorName: 'x' } }),
      [
        `${at}.iscsi.iqn: Invalid value: "iqn.2026": must be valid format`,
        `${at}.iscsi.initiatorname: Invalid value: "x": must be valid format starting with iqn, eui, or naa`,
      ],
    ],
    'iscsi: good': [
      source({ iscsi: { targetPortal: 'p', iqn: 'iqn.2026-01.com.example:storage', lun: 0 } }),
      [],
    ],
    'fc: nothing, and too much': [
      source({ fc: { targetWWNs: ['a'], wwids: ['b'] } }),
      [
        `${at}.fc.targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified simultaneously`,
        `${at}.fc.lun: Required value: lun is required if targetWWNs is specified`,
      ],
    ],
    'cloud disks': [
      withVolume(
        { name: 'a', gcePersistentDisk: { pdName: '', partition: 300 } },
        { name: 'b', awsElasticBlockStore: { volumeID: '' } },
      ),
      [
        `${at}.persistentDisk.pdName: Required value`,
        `${at}.persistentDisk.partition: Invalid value: 300: must be between 1 and 255, inclusive`,
        'spec.volumes[1].awsElasticBlockStore.volumeID: Required value',
      ],
    ],
    flocker: [
      source({ flocker: { datasetName: 'a/b', datasetUUID: 'c' } }),
      [
        `${at}.flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously`,
        `${at}.flocker.datasetName: Invalid value: "a/b": must not contain '/'`,
      ],
    ],
    quobyte: [
      source({ quobyte: { registry: 'a:1,b', volume: '' } }),
      [`${at}.quobyte.registry: Invalid value: "a:1,b": ${pairs}`, `${at}.quobyte.volume: Required value`],
    ],
    flexVolume: [
      source({ flexVolume: { driver: '', options: { 'kubernetes.io/x': '', mine: '' } } }),
      [
        `${at}.flexVolume.driver: Required value`,
        `${at}.flexVolume.options[kubernetes.io/x]: Invalid value: "kubernetes.io/x": kubernetes.io and k8s.io namespaces are reserved`,
      ],
    ],
    azureDisk: [
      source({ azureDisk: { diskName: 'd', diskURI: 'x', kind: 'Managed', cachingMode: 'Much' } }),
      [
        `${at}.azureDisk.cachingMode: Unsupported value: "Much": supported values: "None", "ReadOnly", "ReadWrite"`,
        `${at}.azureDisk.diskURI: Unsupported value: "x": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"`,
      ],
    ],
    csi: [
      source({ csi: { driver: '', nodePublishSecretRef: {} } }),
      [
        `${at}.csi.driver: Required value`,
        `${at}.csi.driver: Invalid value: "": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
        `${at}.csi.nodePublishSecretRef.name: Required value`,
      ],
    ],
    'what has nothing but required fields': [
      withVolume(
        { name: 'a', rbd: { monitors: [], image: '' } },
        { name: 'b', glusterfs: { endpoints: '', path: '' } },
        { name: 'c', azureFile: { secretName: '', shareName: '' } },
        { name: 'd', storageos: {} },
        { name: 'e', image: { reference: '' } },
      ),
      [
        `${at}.rbd.monitors: Required value`,
        `${at}.rbd.image: Required value`,
        'spec.volumes[1].glusterfs.endpoints: Required value',
        'spec.volumes[1].glusterfs.path: Required value',
        'spec.volumes[2].azureFile.secretName: Required value',
        'spec.volumes[2].azureFile.shareName: Required value',
        'spec.volumes[3].storageos.volumeName: Required value',
        'spec.volumes[4].image.reference: Required value',
      ],
    ],
  });
});
