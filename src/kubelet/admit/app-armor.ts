/** A pod that is to be confined by AppArmor does not run where nobody confines it. Source: pkg/security/apparmor. */
import type { Container, Pod } from '../../kinds/generated/types.ts';
import { containersOf } from '../containers.ts';
import type { AdmissionCheck } from './node-admission.ts';

const profileOf = (pod: Pod, container: Container) =>
  container.securityContext?.appArmorProfile ?? pod.spec?.securityContext?.appArmorProfile;

const isConfined = (pod: Pod): boolean =>
  containersOf(pod).some(
    ({ container }) => (profileOf(pod, container)?.type ?? 'Unconfined') !== 'Unconfined',
  );

/** `isEnabled`: the machine's kernel has it, and uses it. */
export const appArmorCheck =
  (isEnabled: boolean): AdmissionCheck =>
  (pod) =>
    isEnabled || !isConfined(pod)
      ? undefined
      : {
          reason: 'AppArmor',
          message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host',
        };
