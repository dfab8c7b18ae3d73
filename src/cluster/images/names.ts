/** Names of images as people write them, and whole. */

/**
 * `nginx` -> `docker.io/library/nginx:latest`; undefined for what is no name with a tag. Source: distribution/reference.
 */
export function wholeName(text: string): string | undefined {
  const [, given = '', tag = 'latest'] = /^(.+?)(?::([\w][\w.-]{0,127}))?$/.exec(text) ?? [];
  const first = given.split('/')[0] ?? '';
  const hasRegistry = given.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  const path = hasRegistry ? given.slice(first.length + 1) : given;
  if (!/^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/.test(path)) return undefined;
  if (hasRegistry && !/^[a-z\d]([\w.-]*\w)?(:\d+)?$/i.test(first)) return undefined;
  const registry = hasRegistry ? first : 'docker.io';
  const inLibrary = registry === 'docker.io' && !path.includes('/');
  return `${registry}/${inLibrary ? 'library/' : ''}${path}:${tag}`;
}
