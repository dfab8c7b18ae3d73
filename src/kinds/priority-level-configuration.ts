import { ageColumn, nameColumn, none, textColumn } from './columns.ts';
import { type FieldError, forbidden, invalid, notSupported, path, required } from './field.ts';
import type { PriorityLevelConfiguration } from './generated/types.ts';
import { defineKind } from './kind.ts';

const types = ['Exempt', 'Limited'];

function validate({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const at = path('spec');
  const { type = '', limited, exempt } = spec ?? {};
  const isExempt = type === 'Exempt';
  const errors: FieldError[] = [];
  if (!types.includes(type)) return [notSupported(at.child('type'), type, types)];
  if (isExempt !== (metadata.name === 'exempt'))
    errors.push(invalid(at.child('type'), type, "type must be 'Exempt' if and only if `name` is 'exempt'"));
  if (isExempt && limited !== undefined)
    errors.push(forbidden(at.child('limited'), 'must be nil if the type is not Limited'));
  if (!isExempt && exempt !== undefined)
    errors.push(forbidden(at.child('exempt'), 'must be nil if the type is Limited'));
  if (!isExempt && limited === undefined)
    errors.push(required(at.child('limited'), 'must not be empty when type is Limited'));
  return errors;
}

function defaults(level: PriorityLevelConfiguration): void {
  level.status ??= {};
  if (level.spec?.exempt !== undefined) {
    level.spec.exempt.nominalConcurrencyShares ??= 0;
    level.spec.exempt.lendablePercent ??= 0;
  }
  const limited = level.spec?.limited;
  if (limited === undefined) return;
  limited.nominalConcurrencyShares ??= 30;
  limited.lendablePercent ??= 0;
  const queuing = limited.limitResponse?.queuing;
  if (queuing === undefined) return;
  queuing.handSize ||= 8;
  queuing.queues ||= 64;
  queuing.queueLengthLimit ||= 50;
}

const queuing = (level: PriorityLevelConfiguration) => level.spec?.limited?.limitResponse?.queuing;

export const priorityLevelConfiguration = defineKind<PriorityLevelConfiguration>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  scope: 'Cluster',
  subresources: ['status'],
  statusKeeps: 'metadata',
  generation: true,
  unconditionalUpdate: false,
  defaults,
  validate,
  columns: [
    nameColumn,
    textColumn<PriorityLevelConfiguration>('Type', ({ spec }) => spec?.type ?? ''),
    textColumn<PriorityLevelConfiguration>(
      'NominalConcurrencyShares',
      ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? none,
    ),
    textColumn<PriorityLevelConfiguration>('Queues', (level) => queuing(level)?.queues ?? none),
    textColumn<PriorityLevelConfiguration>('HandSize', (level) => queuing(level)?.handSize ?? none),
    textColumn<PriorityLevelConfiguration>(
      'QueueLengthLimit',
      (level) => queuing(level)?.queueLengthLimit ?? none,
    ),
    ageColumn,
  ],
  example: {
    apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
    kind: 'PriorityLevelConfiguration',
    metadata: { name: 'low' },
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } },
  },
});
