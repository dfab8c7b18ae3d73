import { WherryError } from '../../lib/errors.ts';

/** A volume cannot be made (yet). The message is that of the Event `FailedMount`. */
export class VolumeError extends WherryError {
  constructor(volume: string, why: string, cause?: unknown) {
    super('VOLUME_FAILED', `MountVolume.SetUp failed for volume "${volume}" : ${why}`, { cause });
  }
}
