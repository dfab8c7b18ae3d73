/**
 * Field numbers that kubectl 1.33 does not carry because the fields are younger; read by hand from the struct tags and
 * KEPs of k8s.io/api. Same form as generated/protobuf.ts.
 */
export const laterFields: Readonly<Record<string, string>> = {
  Container: '25=restartPolicyRules',
  '~EphemeralContainerCommon': '25=restartPolicyRules',
  ContainerRestartRule: 'action exitCodes',
  ContainerRestartRuleOnExitCodes: 'operator values',
  EnvVarSource: '5=fileKeyRef',
  FileKeySelector: 'volumeName path key optional',
  PodSpec: '41=hostnameOverride',
  VolumeProjection: '6=podCertificate',
  PodCertificateProjection:
    'signerName keyType maxExpirationSeconds credentialBundlePath keyPath certificateChainPath',
};

/** Packages of 1.33 whose messages became a later GA version as they were. */
export const earlierPackages: Readonly<Record<string, readonly string[]>> = {
  'k8s.io.api.admissionregistration.v1': ['k8s.io.api.admissionregistration.v1alpha1'],
  'k8s.io.api.resource.v1': ['k8s.io.api.resource.v1beta2'],
  'k8s.io.api.storage.v1': ['k8s.io.api.storage.v1beta1'],
};
