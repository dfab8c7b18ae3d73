/** Source of wording and codes: k8s.io/apimachinery pkg/util/mergepatch and apiserver handlers/patch.go. */
import { WherryError } from '../../lib/errors.ts';
import { formatGo, formatGoString, goTypeOf } from './go-format.ts';
import type { Json } from './json.ts';

/**
 * The patch does not apply. `httpCode` is what upstream answers: 400 for a malformed directive, 422 for lists of
 * lists, and 500 for the rest, which upstream does not tell from a fault of its own.
 */
export class StrategicMergeError extends WherryError {
  readonly httpCode: 400 | 422 | 500;

  constructor(httpCode: 400 | 422 | 500, message: string) {
    super('STRATEGIC_MERGE_FAILED', message);
    this.httpCode = httpCode;
  }
}

export const badPrimitiveListPatch = (): StrategicMergeError =>
  new StrategicMergeError(400, 'invalid patch format of primitive list');

export const badRetainKeysPatch = (): StrategicMergeError =>
  new StrategicMergeError(400, 'invalid patch format of retainKeys');

export const badElementOrderPatch = (): StrategicMergeError =>
  new StrategicMergeError(400, 'invalid patch format of setElementOrder list');

export const listOfLists = (): StrategicMergeError =>
  new StrategicMergeError(422, 'lists of lists are not supported');

export const noMergeKey = (element: Json, mergeKey: string): StrategicMergeError =>
  new StrategicMergeError(500, `map: ${formatGo(element)} does not contain declared merge key: ${mergeKey}`);

export const wrongType = (expected: string, actual: Json | undefined): StrategicMergeError =>
  new StrategicMergeError(500, `expected a ${expected}, but received a ${goTypeOf(actual)}`);

export const badDirective = (directive: Json | undefined, element: Json): StrategicMergeError =>
  new StrategicMergeError(
    500,
    `unknown patch type: ${formatGoString(directive)} in map: ${formatGo(element)}`,
  );

export const failure = (message: string): StrategicMergeError => new StrategicMergeError(500, message);
