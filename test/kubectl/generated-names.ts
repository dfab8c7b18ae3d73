/** The alphabet of upstream's generated names; a pod-template-hash is decimal digits in ten letters of it. */
const letter = '[bcdfghjklmnpqrstvwxz2456789]';

/** What controllers and nodes make up, and what transcripts show for it. */
export const generatedNames: readonly (readonly [RegExp, string])[] = [
  [/(?<=[-=])[456789bcdf]{7,10}\b/g, '<hash>'],
  [new RegExp(`(?<=<hash>-)${letter}{5}\\b`, 'g'), '<random>'],
  // Pods and slices of what has no hash in its name: those whose owner's name ends in -rs, -rc, -ds or -svc.
  [new RegExp(`(?<=-(?:rs|rc|ds|svc)-)${letter}{5}\\b`, 'g'), '<random>'],
  [/\b10\.244\.\d{1,3}\.\d{1,3}\b/g, '<pod-ip>'],
  [/\b(containerd:\/\/)[0-9a-f]{64}\b/g, '$1<id>'],
  [/\bsha256:[0-9a-f]{64}\b/g, 'sha256:<digest>'],
];
