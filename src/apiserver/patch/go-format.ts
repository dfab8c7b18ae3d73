/** How Go prints decoded JSON with %v, which is how some of upstream's messages show it. */
import { isMap, type Json } from './json.ts';

/** The shortest digits, with an exponent from 1e+21 on and below 1e-4, as %v has it for a float64. */
function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  const text = Math.abs(value) < 1e-4 && value !== 0 ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** `map[a:1 b:[x y] c:<nil>]` */
export function formatGo(value: Json | undefined): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'number') return formatNumber(value);
  if (Array.isArray(value)) return `[${value.map(formatGo).join(' ')}]`;
  if (!isMap(value)) return String(value);
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${key}:${formatGo(value[key])}`);
  return `map[${entries.join(' ')}]`;
}

/** The Go type that encoding/json decodes a value into: for messages about a wrong one. */
export function goTypeOf(value: Json | undefined): string {
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}

/** %s, which is not content with anything but a string. */
export function formatGoString(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '%!s(<nil>)';
  if (typeof value === 'object') return formatGo(value);
  return `%!s(${goTypeOf(value)}=${formatGo(value)})`;
}
