/**
 * Gives every claim its volume. Source: syncUnboundClaim, syncBoundClaim and bind of
 * pkg/controller/volume/persistentvolume/pv_controller.go.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Change, event, patch, requeueAfter, update } from '../../client/change.ts';
import { keyOf } from '../../client/object-key.ts';
import type { View } from '../../client/view.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import {
  bestVolume,
  bindCompleted,
  boundByController,
  classOf,
  isVolumeOf,
  selectedNode,
  volumeKeptFor,
  volumeMismatch,
} from '../../kinds/volume-match.ts';
import { claimRetryMilliseconds } from '../limits.ts';
import { claimIndex } from './keys.ts';

const provisionerAnnotations = [
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/storage-provisioner',
];

type EventTextOf = { type: 'Normal' | 'Warning'; reason: string; message: string };
const tell = (claim: PersistentVolumeClaim, text: EventTextOf): Change =>
  event('PersistentVolumeClaim', claim, text);

export function reconcileClaim(key: string, view: View): Change[] {
  const claim = view.get('PersistentVolumeClaim', key);
  if (claim === undefined || claim.metadata.deletionTimestamp !== undefined) return [];
  return getOwn(claim.metadata.annotations, bindCompleted) === undefined
    ? unbound(claim, view)
    : bound(claim, view);
}

/** What it waits for is looked at again and told again, as upstream does with every resync. */
const again = requeueAfter(claimRetryMilliseconds);

const pending = (claim: PersistentVolumeClaim): Change[] =>
  claim.status?.phase === 'Pending' ? [] : [statusPatch(claim, { phase: 'Pending' })];

function unbound(claim: PersistentVolumeClaim, view: View): Change[] {
  const volumeName = claim.spec?.volumeName ?? '';
  if (volumeName !== '') return asked(claim, volumeName, view);
  const storageClass = view.get('StorageClass', classOf(claim));
  const isDelayed =
    storageClass?.volumeBindingMode === 'WaitForFirstConsumer' &&
    getOwn(claim.metadata.annotations, selectedNode) === undefined;
  const volume = bestVolume(view.list('PersistentVolume'), claim, { onlyKept: isDelayed });
  if (volume !== undefined) return bind(claim, volume);
  if (isDelayed) return [...pending(claim), tell(claim, waiting(claim, view)), again];
  if (classOf(claim) === '')
    return [
      ...pending(claim),
      tell(claim, {
        type: 'Normal',
        reason: 'FailedBinding',
        message: 'no persistent volumes available for this claim and no storage class is set',
      }),
      again,
    ];
  return [...provision(claim, storageClass), again];
}

/** Of a class that waits until it is known where the volume is needed. */
function waiting(claim: PersistentVolumeClaim, view: View): EventTextOf {
  const [pod] = view
    .byIndex('Pod', claimIndex, keyOf(claim))
    .filter(({ spec, metadata }) => !spec?.nodeName && metadata.deletionTimestamp === undefined);
  if (pod === undefined)
    return {
      type: 'Normal',
      reason: 'WaitForFirstConsumer',
      message: 'waiting for first consumer to be created before binding',
    };
  const message = `waiting for pod ${pod.metadata.name} to be scheduled`;
  return { type: 'Normal', reason: 'WaitForPodScheduled', message };
}

/** Somebody else makes volumes: the claim says who is meant. */
function provision(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): Change[] {
  const failed = (message: string): Change[] => [
    ...pending(claim),
    tell(claim, { type: 'Warning', reason: 'ProvisioningFailed', message }),
  ];
  if (storageClass === undefined)
    return failed(`storageclass.storage.k8s.io ${JSON.stringify(classOf(claim))} not found`);
  const { provisioner } = storageClass;
  if (provisioner.startsWith('kubernetes.io/'))
    return failed(`no volume plugin matched name: ${provisioner}`);
  const wanted = Object.fromEntries(provisionerAnnotations.map((name) => [name, provisioner]));
  const isSaid = provisionerAnnotations.every(
    (name) => getOwn(claim.metadata.annotations, name) === provisioner,
  );
  const says = isSaid
    ? []
    : [
        patch('PersistentVolumeClaim', keyOf(claim), {
          patch: { metadata: { uid: claim.metadata.uid, annotations: wanted } },
        }),
      ];
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  return [
    ...pending(claim),
    ...says,
    tell(claim, { type: 'Normal', reason: 'ExternalProvisioning', message }),
  ];
}

/** The claim names the volume that it wants. */
function asked(claim: PersistentVolumeClaim, volumeName: string, view: View): Change[] {
  const volume = view.get('PersistentVolume', volumeName);
  if (volume === undefined) return pending(claim);
  if (isVolumeOf(volume, claim)) return bind(claim, volume);
  if (volume.spec?.claimRef !== undefined)
    return [
      ...pending(claim),
      tell(claim, {
        type: 'Warning',
        reason: 'FailedBinding',
        message: `volume "${volumeName}" already bound to a different claim.`,
      }),
      again,
    ];
  const why = volumeMismatch(volume, claim);
  if (why === undefined) return bind(claim, volume);
  const message = `Cannot bind to requested volume "${volumeName}": ${why}`;
  return [...pending(claim), tell(claim, { type: 'Warning', reason: 'VolumeMismatch', message }), again];
}

function bound(claim: PersistentVolumeClaim, view: View): Change[] {
  const volumeName = claim.spec?.volumeName ?? '';
  const lost = (reason: string, message: string): Change[] => {
    if (claim.status?.phase === 'Lost') return [];
    const emptied = { phase: 'Lost', accessModes: null, capacity: null };
    return [statusPatch(claim, emptied), tell(claim, { type: 'Warning', reason, message })];
  };
  if (volumeName === '')
    return lost(
      'ClaimLost',
      'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
    );
  const volume = view.get('PersistentVolume', volumeName);
  if (volume === undefined)
    return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  if (volume.spec?.claimRef === undefined || isVolumeOf(volume, claim)) return bind(claim, volume);
  return lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

/** Ties both together, as far as that is not done: first the volume, which only one claim can have. */
function bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Change[] {
  return [...tieVolume(claim, volume), ...tieClaim(claim, volume), ...tellBound(claim, volume)];
}

function tieVolume(claim: PersistentVolumeClaim, volume: PersistentVolume): Change[] {
  const uid = volume.spec?.claimRef?.uid ?? '';
  return uid !== '' && uid === claim.metadata.uid
    ? []
    : [update('PersistentVolume', volumeKeptFor(volume, claim))];
}

function tieClaim(claim: PersistentVolumeClaim, volume: PersistentVolume): Change[] {
  const isAsked = (claim.spec?.volumeName ?? '') !== '';
  const isTied = isAsked && getOwn(claim.metadata.annotations, bindCompleted) !== undefined;
  if (isTied) return [];
  const annotations = { [bindCompleted]: 'yes', ...(isAsked ? {} : { [boundByController]: 'yes' }) };
  const metadata = { uid: claim.metadata.uid, annotations };
  return [
    patch('PersistentVolumeClaim', keyOf(claim), {
      patch: { metadata, spec: { volumeName: volume.metadata.name } },
    }),
  ];
}

function tellBound(claim: PersistentVolumeClaim, volume: PersistentVolume): Change[] {
  const { accessModes = [], capacity = {} } = volume.spec ?? {};
  const { status = {} } = claim;
  // Resizing is told by whoever resizes: a claim that has its size keeps it.
  const size = status.phase === 'Bound' ? (status.capacity ?? capacity) : capacity;
  const told = [status.phase, status.accessModes ?? [], status.capacity ?? {}];
  if (isDeepStrictEqual(told, ['Bound', accessModes, size])) return [];
  return [statusPatch(claim, { phase: 'Bound', accessModes, capacity: size })];
}

function statusPatch(claim: PersistentVolumeClaim, status: object): Change {
  return patch('PersistentVolumeClaim', keyOf(claim), {
    patch: { metadata: { uid: claim.metadata.uid }, status },
    subresource: 'status',
  });
}
