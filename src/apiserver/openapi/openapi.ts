/**
 * The OpenAPI documents of a server, made when first asked for and kept. Making one rests between its parts, so that
 * other requests go on meanwhile. Source: k8s.io/kube-openapi pkg/handler and pkg/handler3.
 */
import { createHash } from 'node:crypto';
import type { Kind } from '../../kinds/kind.ts';
import type { DescriptionSource } from './descriptions.ts';
import { definitionNames, definitionsOf, pathItem, planDefinitions } from './document.ts';
import { encodeDefinitionEntry, encodeDocument, encodePathEntry } from './gnostic.ts';
import type { Dialect, JsonSchema } from './json-schema.ts';
import { groupVersionPath, pathItemsOf } from './operations.ts';

const title = 'Kubernetes';

const securitySchemes = {
  BearerToken: {
    type: 'apiKey',
    description: 'Bearer Token authentication',
    name: 'authorization',
    in: 'header',
  },
};

/** Lets other requests go first. */
const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Definitions that are made without a rest. */
const definitionsAtOnce = 16;

export interface OpenApiAnswer {
  readonly status: 200 | 301 | 304 | 406;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const empty = Buffer.alloc(0);

const jsonEntry = (name: string, value: unknown): string =>
  `${JSON.stringify(name)}:${JSON.stringify(value)}`;

interface Parts {
  paths: [string, JsonSchema][];
  definitions: [string, JsonSchema][];
}

type V2Format = 'json' | 'protobuf';

const v2ContentTypes: Readonly<Record<V2Format, string>> = {
  json: 'application/json',
  protobuf: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
};

/** What an Accept header wants of version 2; undefined when we have nothing of it. */
function v2FormatWanted(accept: string | undefined): V2Format | undefined {
  for (const range of (accept ?? '*/*').split(',')) {
    const type = range.split(';')[0]?.trim().toLowerCase();
    if (type === '' || type === '*/*' || type === 'application/*' || type === 'application/json')
      return 'json';
    if (/^application\/com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf$/.test(type ?? ''))
      return 'protobuf';
  }
  return undefined;
}

function acceptsJson(accept: string | undefined): boolean {
  const types = (accept ?? '*/*').split(',').map((range) => range.split(';')[0]?.trim().toLowerCase() ?? '');
  return types.some((type) => ['', '*/*', 'application/*', 'application/json'].includes(type));
}

function withEtag(answer: OpenApiAnswer, ifNoneMatch: string | undefined): OpenApiAnswer {
  const { etag } = answer.headers;
  const known = ifNoneMatch?.split(',').map((each) => each.trim().replace(/^W\//, ''));
  return etag !== undefined && known?.includes(etag)
    ? { status: 304, headers: answer.headers, body: empty }
    : answer;
}

/** The address of a version 3 document: with its hash, so that it may be kept for ever. */
function urlOf(path: string, { headers }: OpenApiAnswer): string {
  return `/openapi/v3/${path}?hash=${headers.etag?.replaceAll('"', '')}`;
}

function headersOf(contentType: string, body: Buffer): Record<string, string> {
  const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
  return { 'content-type': contentType, vary: 'Accept', etag, 'cache-control': 'no-cache, private' };
}

const notAcceptable: OpenApiAnswer = { status: 406, headers: {}, body: empty };

export class OpenApi {
  readonly #kinds: readonly Kind[];
  readonly #descriptions: DescriptionSource;
  readonly #version: string;
  readonly #made = new Map<string, Promise<OpenApiAnswer>>();

  constructor(kinds: readonly Kind[], options: { descriptions: DescriptionSource; version: string }) {
    this.#kinds = kinds;
    this.#descriptions = options.descriptions;
    this.#version = options.version;
  }

  #byPath(): Map<string, Kind[]> {
    const byPath = new Map<string, Kind[]>();
    for (const kind of this.#kinds) {
      const path = groupVersionPath(kind.group, kind.version).slice(1);
      byPath.set(path, [...(byPath.get(path) ?? []), kind]);
    }
    return byPath;
  }

  /** Keeps what is made; what fails is made anew. */
  #once(key: string, make: () => Promise<OpenApiAnswer>): Promise<OpenApiAnswer> {
    let made = this.#made.get(key);
    if (made === undefined) {
      made = make();
      this.#made.set(key, made);
      made.catch(() => this.#made.delete(key));
    }
    return made;
  }

  async #parts(kinds: readonly Kind[], dialect: Dialect): Promise<Parts> {
    const plan = planDefinitions(kinds, this.#kinds);
    await this.#descriptions.load(definitionNames(plan));
    const parts: Parts = { paths: [], definitions: [] };
    for (const kind of kinds) {
      for (const item of pathItemsOf(kind)) parts.paths.push([item.path, pathItem(item, dialect)]);
      await rest();
    }
    for (const entry of definitionsOf(plan, { dialect, descriptions: this.#descriptions })) {
      parts.definitions.push(entry);
      if (parts.definitions.length % definitionsAtOnce === 0) await rest();
    }
    return parts;
  }

  async #makeV3(kinds: readonly Kind[]): Promise<OpenApiAnswer> {
    const { paths, definitions } = await this.#parts(kinds, 'v3');
    const chunks = [
      `{"openapi":"3.0.0","info":${JSON.stringify({ title, version: this.#version })},"paths":{`,
    ];
    chunks.push(await joined(paths), '},"components":{"schemas":{', await joined(definitions));
    chunks.push(`},"securitySchemes":${JSON.stringify(securitySchemes)}}}`);
    const body = Buffer.from(chunks.join(''));
    return { status: 200, headers: headersOf('application/json', body), body };
  }

  async #makeV2(format: V2Format): Promise<OpenApiAnswer> {
    const { paths, definitions } = await this.#parts(this.#kinds, 'v2');
    const info = { title, version: this.#version };
    let body: Buffer;
    if (format === 'protobuf') {
      const encodedPaths = await encoded(paths, encodePathEntry);
      body = encodeDocument(info, {
        paths: encodedPaths,
        definitions: await encoded(definitions, encodeDefinitionEntry),
      });
    } else {
      const chunks = [`{"swagger":"2.0","info":${JSON.stringify(info)},"paths":{`, await joined(paths)];
      chunks.push('},"definitions":{', await joined(definitions));
      chunks.push(
        `},"securityDefinitions":${JSON.stringify(securitySchemes)},"security":[{"BearerToken":[]}]}`,
      );
      body = Buffer.from(chunks.join(''));
    }
    return { status: 200, headers: headersOf(v2ContentTypes[format], body), body };
  }

  /** All documents, for their hashes: clients keep a document on disk as long as its hash stays. */
  async #index(): Promise<OpenApiAnswer> {
    const paths: JsonSchema = {};
    for (const [path, kinds] of [...this.#byPath()].sort(([left], [right]) => (left < right ? -1 : 1)))
      paths[path] = { serverRelativeURL: urlOf(path, await this.#document(path, kinds)) };
    const body = Buffer.from(`${JSON.stringify({ paths })}\n`);
    return { status: 200, headers: headersOf('application/json', body), body };
  }

  #document(path: string, kinds: readonly Kind[]): Promise<OpenApiAnswer> {
    return this.#once(`v3 ${path}`, () => this.#makeV3(kinds));
  }

  /** A document that is asked for by its hash never changes; one that is asked for by another hash has moved. */
  async #v3(path: string, hash: string | null): Promise<OpenApiAnswer | undefined> {
    const kinds = this.#byPath().get(path);
    if (kinds === undefined) return undefined;
    const answer = await this.#document(path, kinds);
    if (hash === null || hash === '') return answer;
    if (`"${hash}"` !== answer.headers.etag)
      return { status: 301, headers: { location: urlOf(path, answer) }, body: empty };
    return {
      ...answer,
      headers: { ...answer.headers, 'cache-control': 'public, max-age=31536000, immutable' },
    };
  }

  /**
   * Answers `/openapi/v2`, `/openapi/v3` and `/openapi/v3/...`; undefined when there is no such document. `url` is path
   * and query as they came.
   */
  async answer(
    url: string,
    headers: { accept?: string | undefined; 'if-none-match'?: string | undefined },
  ): Promise<OpenApiAnswer | undefined> {
    const [path = '', query = ''] = url.split('?', 2);
    const { accept, 'if-none-match': ifNoneMatch } = headers;
    let answer: OpenApiAnswer | undefined;
    if (path === '/openapi/v2') {
      const format = v2FormatWanted(accept);
      if (format === undefined) return notAcceptable;
      answer = await this.#once(`v2 ${format}`, () => this.#makeV2(format));
    } else {
      if (!acceptsJson(accept)) return notAcceptable;
      if (path === '/openapi/v3') answer = await this.#once('v3', () => this.#index());
      else if (path.startsWith('/openapi/v3/'))
        answer = await this.#v3(path.slice('/openapi/v3/'.length), new URLSearchParams(query).get('hash'));
    }
    return answer === undefined ? undefined : withEtag(answer, ifNoneMatch);
  }
}

/** Entries of a JSON object, joined; rests after every few. */
async function joined(entries: readonly [string, JsonSchema][]): Promise<string> {
  const texts: string[] = [];
  for (const [name, value] of entries) {
    texts.push(jsonEntry(name, value));
    if (texts.length % definitionsAtOnce === 0) await rest();
  }
  return texts.join(',');
}

async function encoded(
  entries: readonly [string, JsonSchema][],
  encode: (name: string, value: JsonSchema) => Buffer,
): Promise<Buffer[]> {
  const buffers: Buffer[] = [];
  for (const [name, value] of entries) {
    buffers.push(encode(name, value));
    if (buffers.length % definitionsAtOnce === 0) await rest();
  }
  return buffers;
}
