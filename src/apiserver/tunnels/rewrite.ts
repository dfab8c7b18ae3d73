/**
 * Links of what a proxy answers, so that they lead through the proxy again. Source: k8s.io/apimachinery
 * pkg/util/proxy/transport.go, whose list of attributes is that of HTML 4 and HTML 5.
 */

export interface Rewriting {
  /** What stands before the backend's own paths: `/api/v1/nodes/n/proxy`. */
  readonly prefix: string;
  /** The backend as it was dialled: `10.244.0.5:80`. */
  readonly backendHost: string;
  /** The `host` header that the client sent. */
  readonly clientHost: string;
}

const urlPattern = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is;

/** A URL of the backend's own becomes a path below the proxy; any other stays as it is. */
export function rewriteUrl(url: string, { prefix, backendHost, clientHost }: Rewriting): string {
  const match = urlPattern.exec(url);
  if (match === null) return url;
  const [, scheme = '', host = '', path = '', rest = ''] = match;
  const isElsewhere = host !== '' && host !== backendHost && host !== clientHost;
  // `mailto:` and `data:` have a scheme, and nothing that could be looked up here.
  if (isElsewhere || !path.startsWith('/') || (scheme !== '' && host === '')) return url;
  const isOwn = path === prefix || path.startsWith(`${prefix}/`);
  if (host !== '' && host === clientHost && isOwn) return url;
  return `${isOwn ? path : prefix + path}${rest}`;
}

/** By tag, the attributes that hold a URL. */
const urlAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

/** Elements whose text is no markup. */
const rawElements: ReadonlySet<string> = new Set(['script', 'style', 'textarea', 'title']);

const isLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122;
const isSpace = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);
const greaterThan = 62;
const doubleQuote = 34;
const singleQuote = 39;
const slash = 47;
const equals = 61;

/**
 * A page with the links of its tags rewritten; everything else stays as it is. One character is one byte (latin1), so
 * that pages in any encoding that has ASCII in it come out as they went in. Every step goes forward: a page made to be
 * slow is read no slower than any other.
 */
export function rewriteHtml(page: string, rewriting: Rewriting): string {
  const lower = page.toLowerCase();
  const parts: string[] = [];
  let copied = 0;
  let at = page.indexOf('<');
  while (at !== -1) {
    if (page.startsWith('<!--', at)) {
      const end = page.indexOf('-->', at + 4);
      if (end === -1) break;
      at = page.indexOf('<', end + 3);
      continue;
    }
    if (!isLetter(page.charCodeAt(at + 1))) {
      at = page.indexOf('<', at + 1);
      continue;
    }
    const tag = readTag(page, lower, at);
    if (tag === undefined) break;
    for (const { from, to, value } of tag.links) {
      const old = unescapeHtml(value);
      const changed = rewriteUrl(old, rewriting);
      if (changed === old) continue;
      parts.push(page.slice(copied, from), `"${escapeHtml(changed)}"`);
      copied = to;
    }
    const end = rawElements.has(tag.name) ? lower.indexOf(`</${tag.name}`, tag.end) : tag.end;
    if (end === -1) break;
    at = page.indexOf('<', end === tag.end ? end : end + 1);
  }
  parts.push(page.slice(copied));
  return parts.join('');
}

/** A value and where it stands, quotes included. */
interface Link {
  readonly from: number;
  readonly to: number;
  readonly value: string;
}

interface Tag {
  readonly name: string;
  readonly links: readonly Link[];
  /** Behind its `>`. */
  readonly end: number;
}

/** The tag that begins at `start`; undefined when the page ends within it. */
function readTag(page: string, lower: string, start: number): Tag | undefined {
  let at = start + 1;
  while (
    at < page.length &&
    !isSpace(page.charCodeAt(at)) &&
    ![slash, greaterThan].includes(page.charCodeAt(at))
  )
    at++;
  const name = lower.slice(start + 1, at);
  const wanted = Object.hasOwn(urlAttributes, name) ? (urlAttributes[name] as readonly string[]) : [];
  const links: Link[] = [];
  while (at < page.length) {
    const code = page.charCodeAt(at);
    if (code === greaterThan) return { name, links, end: at + 1 };
    if (isSpace(code) || code === slash) {
      at++;
      continue;
    }
    const nameStart = at;
    at = skipName(page, at);
    const attribute = lower.slice(nameStart, at);
    const valueStart = skipEquals(page, at);
    if (valueStart === undefined) continue;
    const link = readValue(page, valueStart);
    if (link === undefined) return undefined;
    if (wanted.includes(attribute)) links.push(link);
    at = link.to;
  }
  return undefined;
}

/** At least one character, so that a stray `=` or quote is a name of its own. */
function skipName(page: string, from: number): number {
  let at = from + 1;
  for (; at < page.length; at++) {
    const code = page.charCodeAt(at);
    if (isSpace(code) || code === slash || code === greaterThan || code === equals) break;
  }
  return at;
}

/** Where the value begins; undefined when there is none. */
function skipEquals(page: string, from: number): number | undefined {
  let at = from;
  while (isSpace(page.charCodeAt(at))) at++;
  if (page.charCodeAt(at) !== equals) return undefined;
  at++;
  while (isSpace(page.charCodeAt(at))) at++;
  return at;
}

function readValue(page: string, from: number): Link | undefined {
  const quote = page.charCodeAt(from);
  if (quote === doubleQuote || quote === singleQuote) {
    const end = page.indexOf(page.charAt(from), from + 1);
    return end === -1 ? undefined : { from, to: end + 1, value: page.slice(from + 1, end) };
  }
  let at = from;
  while (at < page.length && !isSpace(page.charCodeAt(at)) && page.charCodeAt(at) !== greaterThan) at++;
  return { from, to: at, value: page.slice(from, at) };
}

const entities: Readonly<Record<string, string>> = {
  '&quot;': '"',
  '&#34;': '"',
  '&#39;': "'",
  '&apos;': "'",
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
};

const unescapeHtml = (text: string): string =>
  text.replace(/&(?:quot|#34|#39|apos|lt|gt|amp);/g, (entity) => entities[entity] as string);

const escapeHtml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/"/g, '&#34;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
