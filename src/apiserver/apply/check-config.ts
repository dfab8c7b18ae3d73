/**
 * Whether an applied configuration fits its type. Unlike elsewhere in the API an unknown field is always an error here,
 * because nobody could own it.
 * Source of rules and wording: sigs.k8s.io/structured-merge-diff typed (validate.go, helpers.go).
 */
import { formatGo } from '../patch/go-format.ts';
import { isMap, type Json } from '../patch/json.ts';
import { elementOf } from './compare.ts';
import { describeElement, fieldElement, missingKey } from './path-element.ts';
import { type ListPlan, type Plan, planBelow, type ScalarPlan, type StructPlan } from './plan.ts';

/** %v of upstream's value type. */
const shown = (value: Json): string => `&{${formatGo(value)}}`;

/** %#v of upstream's value type. */
function shownExactly(value: Json): string {
  return `&value.valueUnstructured{Value:${exact(value)}}`;
}

function exact(value: Json): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(exact).join(', ')}}`;
  if (!isMap(value)) return typeof value === 'string' ? JSON.stringify(value) : formatGo(value);
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${exact(value[key] as Json)}`);
  return `map[string]interface {}{${entries.join(', ')}}`;
}

class Checker {
  readonly errors: string[] = [];

  check(plan: Plan, value: Json, path: string): void {
    if (value === null) return;
    if (plan.shape === 'scalar') this.#scalar(plan, value, path);
    else if (plan.shape === 'list') this.#list(plan, value, path);
    else this.#map(plan, value, path);
  }

  #add(path: string, message: string): void {
    this.errors.push(path === '' ? message : `${path}: ${message}`);
  }

  #scalar({ type }: ScalarPlan, value: Json, path: string): void {
    const kind = typeof value;
    switch (type) {
      case 'any':
        return;
      case 'int32':
      case 'int64':
      case 'number':
        if (kind !== 'number') this.#add(path, `expected numeric (int or float), got ${goKind(value)}`);
        return;
      case 'string':
      case 'bytes':
        if (kind !== 'string') this.#add(path, `expected string, got ${shownExactly(value)}`);
        return;
      case 'boolean':
        if (kind !== 'boolean') this.#add(path, `expected boolean, got ${goKind(value)}`);
        return;
      default:
        if (kind === 'object') this.#add(path, `expected any scalar, got ${shown(value)}`);
    }
  }

  #map(plan: Plan, value: Json, path: string): void {
    if (!isMap(value)) {
      this.#add(path, `expected map, got ${shown(value)}`);
      return;
    }
    for (const key of Object.keys(value)) {
      const element = fieldElement(key);
      const below = planBelow(plan, element);
      const at = path + describeElement(element);
      if (below === undefined) this.#add(at, 'field not declared in schema');
      else this.check(below, value[key] as Json, at);
    }
  }

  #list(plan: ListPlan, value: Json, path: string): void {
    if (!Array.isArray(value)) {
      this.#add(path, `expected list, got ${shown(value)}`);
      return;
    }
    const seen = new Set<string>();
    for (const [index, item] of value.entries()) {
      let element = `i:${index}`;
      if (!plan.atomic) {
        const problem = elementProblem(plan, item);
        if (problem !== undefined) {
          // Without its place nothing more can be said about the element.
          this.#add(path, `element ${index}: ${problem}`);
          return;
        }
        element = elementOf(plan, item) as string;
        if (seen.has(element)) this.#add(path, `duplicate entries for key ${describeElement(element)}`);
        seen.add(element);
      }
      this.check(plan.of, item, path + describeElement(element));
    }
  }
}

/** %T of a decoded value. */
function goKind(value: Json): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

function elementProblem(plan: ListPlan, item: Json): string | undefined {
  if (plan.keys.length === 0) {
    if (item === null) return "associative list without keys has an element that's an explicit null";
    if (Array.isArray(item)) return 'not supported: associative list with lists as elements';
    return isMap(item) ? "associative list without keys has an element that's a map type" : undefined;
  }
  if (item === null) return 'associative list with keys may not have a null element';
  if (!isMap(item)) return 'associative list with keys may not have non-map elements';
  const missing = missingKey(item, plan.keys);
  return missing === undefined
    ? undefined
    : `associative list with keys has an element that omits key field ${JSON.stringify(missing)} (and doesn't have default value)`;
}

/** The one text of all that is wrong; undefined when nothing is. */
export function configProblem(plan: StructPlan, config: object): string | undefined {
  const checker = new Checker();
  checker.check(plan, config as Json, '');
  const { errors } = checker;
  if (errors.length <= 1) return errors[0];
  return ['errors:', ...errors.map((error) => `  ${error}`)].join('\n');
}
