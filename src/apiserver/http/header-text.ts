/** Anything but printable ASCII and tab. */
const unusual = /[^\t\x20-\x7e]/;

/**
 * A header's value as Node can send it. Warnings quote names of fields that users have made up. As Go does, their
 * characters travel as UTF-8; control characters, which could end a header, become question marks.
 */
export function headerText(value: string): string {
  if (!unusual.test(value)) return value;
  const bytes = Buffer.from(value, 'utf8').toString('latin1');
  return bytes.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?');
}

/** The same for a header that may be repeated. */
export function headerValue(value: string | readonly string[]): string | string[] {
  return typeof value === 'string' ? headerText(value) : value.map(headerText);
}
