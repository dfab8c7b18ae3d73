import { WherryError } from '../../lib/errors.ts';

/**
 * A container cannot be configured: what the spec names is missing, or contradicts itself. The message is what the
 * container's status and the Event `Failed` say; the reason is `CreateContainerConfigError`.
 */
export class ContainerConfigError extends WherryError {
  constructor(message: string) {
    super('CONTAINER_CONFIG', message);
  }
}
