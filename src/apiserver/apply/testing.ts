/** Objects as the server would store them, for the tests of ownership. */
import assert from 'node:assert/strict';
import { completeObject, decodeObject } from '../../kinds/decode.ts';
import type { AnyObject } from '../../kinds/object.ts';
import { StatusError } from '../../kinds/status.ts';
import { type ApplyRequest, applyInSteps } from './apply-configuration.ts';
import type { OwnedKind } from './owned-fields.ts';
import { recordUpdate } from './record.ts';

export const podKind: OwnedKind = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  schema: 'Pod',
  subresources: ['status'],
};
export const serviceKind: OwnedKind = { ...podKind, kind: 'Service', schema: 'Service' };
export const deploymentKind: OwnedKind = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  schema: 'Deployment',
  subresources: ['status', 'scale'],
};

/** Decoded and complete, as it goes into the store. */
export function stored(kind: OwnedKind, object: object): AnyObject {
  const decoded = decodeObject<AnyObject>(structuredClone(object), kind.schema).object;
  completeObject(decoded, kind.schema);
  return decoded;
}

export interface Step {
  manager: string;
  subresource?: string;
  time?: string;
}

export const someTime = '2026-11-21T10:00:00Z';
export const laterTime = '2026-11-21T11:00:00Z';

/** The object after a create or an update, its managedFields kept up to date. */
export function written(
  kind: OwnedKind,
  before: AnyObject | undefined,
  after: object,
  step: Step,
): AnyObject {
  const object = stored(kind, after);
  const { manager, subresource = '', time = someTime } = step;
  recordUpdate({ before, after: object, manager, subresource, kind, time });
  return object;
}

/** The object after an apply, as it goes into the store. */
export function applied(
  kind: OwnedKind,
  live: AnyObject | undefined,
  config: object,
  step: Partial<ApplyRequest> & Step,
): AnyObject {
  const { manager, subresource = '', time = someTime, force = false } = step;
  const steps = applyInSteps({
    live,
    config: config as AnyObject,
    manager,
    force,
    subresource,
    kind,
    time,
  });
  let state = steps.next();
  while (!state.done) state = steps.next();
  return stored(kind, state.value);
}

/** A Deployment to apply. */
export const config = (spec: object, metadata: object = {}): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default', ...metadata },
  spec,
});

export const containers = (...list: object[]): object => ({ template: { spec: { containers: list } } });

/** Who is in managedFields, and how. */
export const owners = (object: AnyObject): string[] =>
  (object.metadata.managedFields ?? []).map((entry) => `${entry.manager} ${entry.operation}`);

export const fieldsOf = (object: AnyObject, manager: string): unknown =>
  object.metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;

export const spec = (object: AnyObject): Record<string, unknown> => object.spec as Record<string, unknown>;

/** The answer to what is refused. */
export function refusal(action: () => unknown): {
  code: number;
  reason: string;
  message: string;
  details: unknown;
} {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    return { code: error.httpCode, reason: error.reason, message: error.message, details: error.details };
  }
  throw new Error('was not refused');
}
