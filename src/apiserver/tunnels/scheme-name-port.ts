/** `name`, `name:port`, `scheme:name:port`. Source: SplitSchemeNamePort in k8s.io/apimachinery pkg/util/net. */

export interface SchemeNamePort {
  readonly scheme: 'http' | 'https' | '';
  readonly name: string;
  /** A number or the name of one; '' when none is given. */
  readonly port: string;
}

/** Undefined for what is none. */
export function splitSchemeNamePort(id: string): SchemeNamePort | undefined {
  const parts = id.split(':');
  if (parts.length > 3) return undefined;
  const [first = '', second = '', third = ''] = parts;
  const found =
    parts.length === 1
      ? { scheme: '', name: first, port: '' }
      : parts.length === 2
        ? { scheme: '', name: first, port: second }
        : { scheme: first, name: second, port: third };
  if (found.name === '' || !isScheme(found.scheme)) return undefined;
  return { ...found, scheme: found.scheme };
}

const isScheme = (text: string): text is SchemeNamePort['scheme'] =>
  text === '' || text === 'http' || text === 'https';
