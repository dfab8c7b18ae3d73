import { WherryError } from '../../lib/errors.ts';

/** A volume cannot be made (yet). The message is that of the Event `FailedMount`. */
export class VolumeError extends WherryError {
  /** `step`: what failed; setting it up unless another step is named. */
  constructor(
    volume: string,
    why: string,
    { step = 'SetUp', cause }: { step?: string; cause?: unknown } = {},
  ) {
    super('VOLUME_FAILED', `MountVolume.${step} failed for volume "${volume}" : ${why}`, { cause });
  }
}

/** It is not known yet what is to be mounted. */
export class UnprocessedVolumeError extends VolumeError {
  constructor(volume: string, why: string, cause?: unknown) {
    super(volume, why, { cause });
    this.message = `Unable to attach or mount volumes: unmounted volumes=[${volume}], unattached volumes=[], failed to process volumes=[${volume}]: ${why}`;
  }
}
