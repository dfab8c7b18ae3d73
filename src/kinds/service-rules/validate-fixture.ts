/** What the tests of these rules share: a Service as the API server has it when it validates. */
import type { FieldError } from '../field.ts';
import type { Service, ServiceSpec } from '../generated/types.ts';
import { defaults, prepareCreate } from './prepare.ts';
import { validate } from './validate.ts';

export const base: ServiceSpec = { selector: { app: 'web' }, ports: [{ port: 80 }] };

/** One port each, with names and numbers where none are given. */
export const named = (...ports: object[]): ServiceSpec => ({
  ...base,
  ports: ports.map((port, index) => ({ name: `p${index}`, port: 80 + index, ...port })),
});

export function serviceOf(spec: ServiceSpec, annotations?: Record<string, string>): Service {
  return {
    metadata: { name: 'web', namespace: 'default', ...(annotations === undefined ? {} : { annotations }) },
    spec: structuredClone(spec),
  };
}

export const textsOf = (errors: readonly FieldError[]): string[] =>
  errors.map(({ field, message }) => `${field}: ${message}`);

/** As on create: defaulted, prepared, validated. */
export function createErrors(spec: ServiceSpec, annotations?: Record<string, string>): string[] {
  const object = serviceOf(spec, annotations);
  defaults(object);
  prepareCreate(object);
  return textsOf(validate(object));
}
