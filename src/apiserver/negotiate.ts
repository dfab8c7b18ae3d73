/**
 * Which form of an answer the client wants, from its Accept header: JSON or YAML; the object itself, a Table, or its
 * metadata alone. Source: Kubernetes API concepts, "Receiving resources as Tables", "Metadata-only fetches".
 */
import { notAcceptableError } from '../kinds/status.ts';

export interface Representation {
  media: 'json' | 'yaml';
  as: 'Object' | 'Table' | 'PartialObjectMetadata';
  /** The version of meta.k8s.io asked for: v1 or v1beta1. */
  metaVersion: string;
}

export const plainJson: Representation = { media: 'json', as: 'Object', metaVersion: 'v1' };

const mediaTypes = ['application/json', 'application/yaml'] as const;

const watchMediaTypes = ['application/json', 'application/json;stream=watch'];

interface MediaRange {
  type: string;
  parameters: Map<string, string>;
}

function parseRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const equals = part.indexOf('=');
    if (equals > 0) parameters.set(part.slice(0, equals).toLowerCase(), part.slice(equals + 1));
  }
  return { type: type.toLowerCase(), parameters };
}

/** Ranges in the order of preference: by q, then as they stand. */
function parseAccept(accept: string): MediaRange[] {
  const ranges = accept.split(',').map(parseRange);
  const quality = (range: MediaRange) => Number(range.parameters.get('q') ?? 1);
  return ranges
    .filter((range) => quality(range) > 0)
    .map((range, order) => ({ range, order }))
    .sort((a, b) => quality(b.range) - quality(a.range) || a.order - b.order)
    .map(({ range }) => range);
}

function mediaOf(type: string): Representation['media'] | undefined {
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json';
  if (type === 'application/yaml') return 'yaml';
  return undefined;
}

/** `as=Table;g=meta.k8s.io;v=v1`, `as=PartialObjectMetadataList;...` */
function formOf(
  parameters: MediaRange['parameters'],
): Pick<Representation, 'as' | 'metaVersion'> | undefined {
  const as = parameters.get('as');
  const metaVersion = parameters.get('v') ?? 'v1';
  const stream = parameters.get('stream') ?? 'watch';
  if (stream !== 'watch') return undefined;
  // A group or a version alone asks for a form, too, and there is none without a kind.
  if (as === undefined)
    return parameters.has('g') || parameters.has('v') ? undefined : { as: 'Object', metaVersion: 'v1' };
  if (parameters.get('g') !== 'meta.k8s.io' || (metaVersion !== 'v1' && metaVersion !== 'v1beta1'))
    return undefined;
  if (as === 'Table') return { as, metaVersion };
  if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList')
    return { as: 'PartialObjectMetadata', metaVersion };
  return undefined;
}

/** kubectl sends the same few headers over and over. */
const known = new Map<string, Representation>();
const knownMax = 256;

/** `tables`: unless false, they can be made. Throws 406 when nothing that the client accepts can be made. */
export function negotiate(
  accept: string | undefined,
  options: { transforms: boolean; watch?: boolean; tables?: boolean },
): Representation {
  if (accept === undefined || accept === '' || accept === 'application/json') return plainJson;
  const { tables = true } = options;
  const key = `${options.transforms ? 't' : ''}${options.watch ? 'w' : ''}${tables ? '' : 'n'}|${accept}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  for (const range of parseAccept(accept)) {
    const media = mediaOf(range.type);
    const form = formOf(range.parameters);
    if (media === undefined || form === undefined) continue;
    if (form.as !== 'Object' && !options.transforms) continue;
    if (form.as === 'Table' && !tables) continue;
    if (options.watch && media !== 'json') continue;
    const representation = { media, ...form };
    if (known.size >= knownMax) known.clear();
    known.set(key, representation);
    return representation;
  }
  throw notAcceptableError(options.watch ? watchMediaTypes : [...mediaTypes]);
}

/** What Go's strconv.ParseBool takes for true. */
const trueTexts: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** People reading with curl get indented JSON, as upstream does it: by `?pretty=true`, else by the user agent. */
export function wantsPretty(pretty: string | null, userAgent: string | undefined): boolean {
  if (pretty !== null && pretty !== '') return trueTexts.has(pretty);
  return userAgent !== undefined && /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
