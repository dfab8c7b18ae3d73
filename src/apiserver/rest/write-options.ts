/** The query parameters that all writing verbs share. */
import { notSupported, path } from '../../kinds/field.ts';
import { invalidError } from '../../kinds/status.ts';
import type { ResourceRequest } from '../context.ts';

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

/** Throws 422 for values that do not exist. */
export function parseWriteOptions(request: ResourceRequest): WriteOptions {
  const { query, verb } = request.info;
  const errors = [];
  const dryRuns = query.size === 0 ? [] : query.getAll('dryRun');
  for (const dryRun of dryRuns)
    if (dryRun !== 'All') errors.push(notSupported(path('dryRun'), dryRun, ['All']));
  const fieldValidation = query.get('fieldValidation') || 'Warn';
  if (!validations.includes(fieldValidation))
    errors.push(notSupported(path('fieldValidation'), fieldValidation, validations));
  if (errors.length > 0)
    throw invalidError({ group: 'meta.k8s.io', kind: optionsKinds[verb] ?? 'CreateOptions' }, '', errors);
  const agent = request.request.headers['user-agent'] ?? '';
  return {
    dryRun: dryRuns.length > 0,
    fieldManager: query.get('fieldManager') || agent.split('/')[0] || 'unknown',
    fieldValidation: fieldValidation as FieldValidation,
  };
}
