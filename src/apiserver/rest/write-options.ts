/** The query parameters that all writing verbs share. */
import { type FieldError, forbidden, invalid, notSupported, path, tooLong } from '../../kinds/field.ts';
import { invalidError } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';
import { applyPatchType } from '../patch/apply-patch.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface WriteOptions {
  readonly dryRun: boolean;
  /** Who owns the fields this write sets: fieldManager, else the user agent up to its first slash. */
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
}

const optionsKinds: Readonly<Record<string, string>> = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
  delete: 'DeleteOptions',
  deletecollection: 'DeleteOptions',
};

const validations: readonly string[] = ['Ignore', 'Strict', 'Warn'];

/** In bytes. Source: k8s.io/apimachinery meta/v1/validation FieldManagerMaxLength. */
const fieldManagerBytesMax = 128;

/** What Go's unicode.IsPrint lets through. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

function checkFieldManager(manager: string): FieldError[] {
  const at = path('fieldManager');
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > fieldManagerBytesMax) errors.push(tooLong(at, fieldManagerBytesMax));
  let position = 0;
  for (const character of manager) {
    const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
    if (!printable.test(character))
      errors.push(invalid(at, manager, `invalid character U+${code} (at position ${position})`));
    position += Buffer.byteLength(character);
  }
  return errors;
}

/** The user agent up to its first slash, without what cannot be printed. Source: apiserver handlers/create.go prefixFromUserAgent. */
function managerOfAgent(agent: string): string {
  const name = agent.split('/', 1)[0] as string;
  if (/^[ -~]{0,128}$/.test(name)) return name;
  let manager = '';
  for (const character of name) {
    if (!printable.test(character)) continue;
    if (Buffer.byteLength(manager) + Buffer.byteLength(character) > fieldManagerBytesMax) break;
    manager += character;
  }
  return manager;
}

/** All of them are told, when one of them does not exist. */
export function checkDryRun(dryRuns: readonly string[]): FieldError[] {
  return dryRuns.every((dryRun) => dryRun === 'All') ? [] : [notSupported(path('dryRun'), dryRuns, ['All'])];
}

/** Only an apply has conflicts to be forced through. */
function checkForce({ request, info }: ResourceRequest): FieldError[] {
  if (info.verb !== 'patch' || !info.query.has('force')) return [];
  if ((request.headers['content-type'] ?? '').startsWith(applyPatchType)) return [];
  return [forbidden(path('force'), 'may not be specified for non-apply patch')];
}

/** Throws 422 for values that do not exist. */
export function parseWriteOptions(request: ResourceRequest): WriteOptions {
  const { query, verb } = request.info;
  const manager = query.get('fieldManager') ?? '';
  const errors: FieldError[] = checkForce(request);
  if (manager !== '') errors.push(...checkFieldManager(manager));
  const dryRuns = query.size === 0 ? [] : query.getAll('dryRun');
  errors.push(...checkDryRun(dryRuns));
  const fieldValidation = query.get('fieldValidation') || 'Warn';
  if (!validations.includes(fieldValidation))
    errors.push(notSupported(path('fieldValidation'), fieldValidation, validations));
  if (errors.length > 0)
    throw invalidError({ group: 'meta.k8s.io', kind: optionsKinds[verb] ?? 'CreateOptions' }, '', errors);
  const agent = request.request.headers['user-agent'] ?? '';
  return {
    dryRun: dryRuns.length > 0,
    fieldManager: manager || managerOfAgent(agent) || 'unknown',
    fieldValidation: fieldValidation as FieldValidation,
  };
}
