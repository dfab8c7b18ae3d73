/** Node's names for system and processor as Go has them: `linux/amd64`. */
export function goPlatform(system: string, processor: string): string {
  const goProcessors: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };
  const goSystem = system === 'win32' ? 'windows' : system;
  return `${goSystem}/${goProcessors[processor] ?? processor}`;
}
