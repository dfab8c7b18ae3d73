/** Images that nobody has pulled: their names as containerd writes them, and what it says when there is none. */
import { createHash } from 'node:crypto';

/** `nginx:1.27` -> `docker.io/library/nginx:1.27`, as containerd completes a reference. */
export function fullReference(image: string): string {
  if (image === '') return '';
  const slash = image.indexOf('/');
  const first = slash < 0 ? '' : image.slice(0, slash);
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const located = isHost ? image : `docker.io/${slash < 0 ? 'library/' : ''}${image}`;
  const last = located.slice(located.lastIndexOf('/') + 1);
  return /[:@]/.test(last) ? located : `${located}:latest`;
}

/** `docker.io/library/nginx@sha256:...`: the digest is made up, and the same for a reference each time. */
export function imageID(image: string): string {
  const full = fullReference(image);
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(full)?.[1];
  const name = full.replace(/@.*$/, '').replace(/:[^/:]*$/, '');
  return `${name}@${digest ?? `sha256:${createHash('sha256').update(full).digest('hex')}`}`;
}

export const pullError = (image: string): string =>
  `rpc error: code = NotFound desc = failed to pull and unpack image "${fullReference(image)}": failed to resolve reference "${fullReference(image)}": ${fullReference(image)}: not found`;
