/** The Kubernetes version whose API this is; kubectl compares it with its own. */
const kubernetesMajor = '1';
const kubernetesMinor = '36';
export const gitVersion = `v${kubernetesMajor}.${kubernetesMinor}.0+wherry`;

/** `/version` (k8s.io/apimachinery pkg/version.Info). Fields that speak of a Go build are there because clients expect them. */
export interface VersionInfo {
  major: string;
  minor: string;
  emulationMajor: string;
  emulationMinor: string;
  minCompatibilityMajor: string;
  minCompatibilityMinor: string;
  gitVersion: string;
  gitCommit: string;
  gitTreeState: string;
  buildDate: string;
  goVersion: string;
  compiler: string;
  platform: string;
}

/** `platform` is Go's GOOS/GOARCH: `linux/amd64`; `runtime` what runs this: `node v26.1.0`. */
export function versionInfo(platform: string, runtime: string): VersionInfo {
  return {
    major: kubernetesMajor,
    minor: kubernetesMinor,
    emulationMajor: kubernetesMajor,
    emulationMinor: kubernetesMinor,
    minCompatibilityMajor: kubernetesMajor,
    minCompatibilityMinor: String(Number(kubernetesMinor) - 1),
    gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: runtime,
    compiler: 'node',
    platform,
  };
}
