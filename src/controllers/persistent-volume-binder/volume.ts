/**
 * A volume's phase, and what becomes of it when its claim is gone. Source: syncVolume and reclaimVolume of
 * pkg/controller/volume/persistentvolume/pv_controller.go.
 */
import { type Change, event, patch, update } from '../../client/change.ts';
import { objectKey } from '../../client/object-key.ts';
import type { View } from '../../client/view.ts';
import type { PersistentVolume } from '../../kinds/generated/types.ts';
import { getOwn } from '../../kinds/object.ts';
import { bindCompleted, boundByController } from '../../kinds/volume-match.ts';
import { timestamp } from '../../lib/timestamp.ts';

const provisionedBy = 'pv.kubernetes.io/provisioned-by';

export function reconcileVolume(key: string, view: View): Change[] {
  const volume = view.get('PersistentVolume', key);
  if (volume === undefined) return [];
  const { claimRef } = volume.spec ?? {};
  // Kept for a claim that was not bound yet is as good as free.
  if (claimRef === undefined || (claimRef.uid ?? '') === '')
    return phase(volume, view, { phase: 'Available' });
  const claimKey = objectKey(claimRef.namespace, claimRef.name ?? '');
  const claim = view.get('PersistentVolumeClaim', claimKey);
  if (claim === undefined || claim.metadata.uid !== claimRef.uid) {
    const changes = released(volume, view);
    // The cache of claims may be behind that of volumes, and what is reclaimed once is lost: the server is asked.
    const sure: Change = {
      ...{ type: 'requireAbsent', kind: 'PersistentVolumeClaim' },
      ...{ key: claimKey, uid: claimRef.uid },
    };
    return changes.length === 0 ? [] : [sure, ...changes];
  }
  const claimed = claim.spec?.volumeName ?? '';
  if (claimed === volume.metadata.name) return phase(volume, view, { phase: 'Bound' });
  // The claim's own reconcile comes to it.
  if (claimed === '' || getOwn(claim.metadata.annotations, bindCompleted) === undefined) return [];
  return getOwn(volume.metadata.annotations, boundByController) === undefined
    ? []
    : [unbind(volume), ...phase(volume, view, { phase: 'Available' })];
}

/** It was taken for a claim that has got another one. */
function unbind(volume: PersistentVolume): Change {
  const { [boundByController]: _mark, ...annotations } = volume.metadata.annotations ?? {};
  const { claimRef: _claim, ...spec } = volume.spec ?? {};
  return update('PersistentVolume', { ...volume, metadata: { ...volume.metadata, annotations }, spec });
}

function phase(volume: PersistentVolume, view: View, status: { phase: string; message?: string }): Change[] {
  // What others write beside it is theirs. Source: updateVolumePhase.
  if (volume.status?.phase === status.phase) return [];
  return [
    patch('PersistentVolume', volume.metadata.name ?? '', {
      patch: {
        metadata: { uid: volume.metadata.uid },
        status: {
          phase: status.phase,
          message: status.message ?? null,
          lastPhaseTransitionTime: timestamp(view.now()),
        },
      },
      subresource: 'status',
    }),
  ];
}

function released(volume: PersistentVolume, view: View): Change[] {
  const isReleased = volume.status?.phase === 'Released' || volume.status?.phase === 'Failed';
  if (!isReleased) return phase(volume, view, { phase: 'Released' });
  if (volume.metadata.deletionTimestamp !== undefined || volume.status?.phase === 'Failed') return [];
  const policy = volume.spec?.persistentVolumeReclaimPolicy;
  if (policy !== 'Delete' && policy !== 'Recycle') return [];
  const provisioner = getOwn(volume.metadata.annotations, provisionedBy);
  // Whoever made it removes it, and its object.
  if (volume.spec?.csi !== undefined) return [];
  if (provisioner !== undefined && !provisioner.startsWith('kubernetes.io/')) return [];
  const name = volume.metadata.name ?? '';
  const [reason, message] =
    policy === 'Delete'
      ? [
          'VolumeFailedDelete',
          `error getting deleter volume plugin for volume "${name}": no deletable volume plugin matched`,
        ]
      : ['VolumeFailedRecycle', 'No recycler plugin found for the volume!'];
  return [
    ...phase(volume, view, { phase: 'Failed', message }),
    event('PersistentVolume', volume, { type: 'Warning', reason, message }),
  ];
}
