/**
 * IP addresses and CIDRs in API fields: what is refused, and what is only warned about.
 * Source of rules and wording: apimachinery pkg/util/validation/ip.go with StrictIPCIDRValidation (KEP-4858, on by
 * default in v1.36), pkg/apis/core/validation ValidateEndpointIP.
 */
import { type Cidr, formatCidr, parseCidr } from '../lib/cidr.ts';
import { addressBits, addressScope, canonicalAddress, formatAddress, parseAddress } from '../lib/ip.ts';
import { type FieldError, invalid, type Path } from './field.ts';

const addressMessage = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const cidrMessage = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** Any form but leading zeros and IPv4-mapped IPv6. For the fields older than v1.33, which is nearly all. */
export function validateIP(text: string, at: Path): FieldError[] {
  const address = parseAddress(text);
  if (address === undefined) return [invalid(at, text, addressMessage)];
  if (address.flaw === 'leadingZeros') return [invalid(at, text, 'must not have leading 0s')];
  if (address.flaw === 'mapped') return [invalid(at, text, 'must not be an IPv4-mapped IPv6 address')];
  return [];
}

/** The canonical form only: for newer fields and for names of IPAddress objects. The messages without a path. */
export function canonicalIPMessages(text: string): string[] {
  const address = parseAddress(text);
  if (address === undefined) return [addressMessage];
  if (address.flaw === 'leadingZeros') return ['must not have leading 0s'];
  if (address.flaw === 'mapped') return ['must not be an IPv4-mapped IPv6 address'];
  const canonical = formatAddress(address.family, address.value);
  return canonical === text ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
}

const cidrFlaws = {
  leadingZeros: 'must not have leading 0s in IP or prefix length',
  mapped: 'must not have an IPv4-mapped IPv6 address',
  hostBits: 'must not have bits set beyond the prefix length',
} as const;

/** Any form but leading zeros, IPv4-mapped IPv6, and bits beyond the prefix. */
export function validateCIDR(text: string, at: Path): FieldError[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) return [invalid(at, text, cidrMessage)];
  return cidr.flaw === undefined ? [] : [invalid(at, text, cidrFlaws[cidr.flaw])];
}

/** The same, and in canonical form. */
export function validateCanonicalCIDR(text: string, at: Path): FieldError[] {
  const errors = validateCIDR(text, at);
  if (errors.length > 0) return errors;
  const canonical = formatCidr(parseCidr(text) as Cidr);
  return canonical === text
    ? []
    : [invalid(at, text, `must be in canonical form (${JSON.stringify(canonical)})`)];
}

export const loopbackMessage = 'may not be in the loopback range (127.0.0.0/8, ::1/128)';

const scopeMessages = {
  loopback: loopbackMessage,
  linkLocalUnicast: 'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
  linkLocalMulticast: 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
} as const;

/**
 * No endpoint and no external IP may point a node at itself or its link (CVE-2021-25737). Unspecified addresses
 * mean nothing.
 */
export function validateNonSpecialIP(text: string, at: Path): FieldError[] {
  const address = parseAddress(text);
  if (address === undefined) return [invalid(at, text, 'must be a valid IP address')];
  const scope = addressScope(address);
  if (scope === 'other') return [];
  return [
    invalid(at, text, scope === 'unspecified' ? `may not be unspecified (${text})` : scopeMessages[scope]),
  ];
}

/** The warning for an accepted address that is not written as it should be. */
export function ipWarnings(text: string, at: Path): string[] {
  const address = parseAddress(text);
  const canonical = canonicalAddress(text);
  if (address === undefined || canonical === undefined || canonical === text) return [];
  const [shown, wanted] = [JSON.stringify(text), JSON.stringify(canonical)];
  return address.flaw === undefined
    ? [`${at}: IPv6 address ${shown} should be in RFC 5952 canonical format (${wanted})`]
    : [
        `${at}: non-standard IP address ${shown} will be considered invalid in a future Kubernetes release: use ${wanted}`,
      ];
}

/** The same for a CIDR. */
export function cidrWarnings(text: string, at: Path): string[] {
  const cidr = parseCidr(text);
  if (cidr === undefined) return [];
  const canonical = formatCidr(cidr);
  if (canonical === text) return [];
  const [shown, wanted] = [JSON.stringify(text), JSON.stringify(canonical)];
  const warnings: string[] = [];
  if (cidr.address.value !== cidr.base) {
    const single = `${formatAddress(cidr.family, cidr.address.value)}/${addressBits(cidr.family)}`;
    warnings.push(
      `${at}: CIDR value ${shown} is ambiguous in this context (should be ${wanted} or ${JSON.stringify(single)}?)`,
    );
  }
  if (cidr.flaw === 'leadingZeros' || cidr.flaw === 'mapped')
    warnings.push(
      `${at}: non-standard CIDR value ${shown} will be considered invalid in a future Kubernetes release: use ${wanted}`,
    );
  if (warnings.length === 0)
    warnings.push(`${at}: IPv6 CIDR value ${shown} should be in RFC 5952 canonical format (${wanted})`);
  return warnings;
}
