import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  CertificateRequestError,
  certificateRequestBytesMax,
  parseCertificateRequest,
} from './certificate-request.ts';

const pem = (base64: string): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----\n`;

/** Made by OpenSSL 3: RSA, SHA-384, with an extension that asks to be an authority. */
const rsaRequest = pem(
  'MIIDAzCCAesCAQAwQDELMAkGA1UEBhMCREUxDDAKBgNVBAoMA2RldjEMMAoGA1UECgwDb3BzMRUwEwYDVQQDDAxBZGEgTG92' +
    'ZWxhY2UwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCJUbaGMLnf9o2NnSMb488mcjhTC5uPF4l4JGJ6a8HYUXVr' +
    'bh/jX1y7JTX7P2wDdQPSpXkxUGoJN22kubK2pIlJVH2kYYIYvyaaw9cqWFZKSWYD0JjIKTgGoG2h2bKwMsg5b1P0BG2bPkI4' +
    'PUggSd3J3nmz9E6jBmFSDZl/c65eVMLlpFUqm/XR/uW4pYN5/VBkx+A6SyUJsaSJzhVkkzemFXsb5SRa0V9eSCEFnaNzPkHM' +
    'GQBOQNbO/rGEh8ZCrQJTMxasqTvhxP5ZkiADarCvud5cgXqtVLdk376zBNDTdX3F3rQxMnf+oXJawL5WYU4wAwuvsaqgtIMi' +
    '6EGc3cyfAgMBAAGgfjB8BgkqhkiG9w0BCQ4xbzBtMAwGA1UdEwQFMAMBAf8wXQYDVR0RBFYwVIIPYWRhLmV4YW1wbGUub3Jn' +
    'hwTAAAIHhxAgAQ24AAAAAAAAAAAAAAAHgQ9hZGFAZXhhbXBsZS5vcmeGGHNwaWZmZTovL2V4YW1wbGUub3JnL2FkYTANBgkq' +
    'hkiG9w0BAQwFAAOCAQEAgIvZ+HdSfgcvbplAtDDF6HHlkEQcK/Pvv7SGl0YZC3Yeqt4VmR6GNzCKNHVxP5pqF4AHNNVbX7ZW' +
    'vrAuC6rU3IoxwEFJu/Gfdb4u6TANmnh1Xp81TPeqQIGvKTpuQtY3XOWV0C0xsFDjzlFkWa2BeysmMFbt+7XSVxij7R4US6C0' +
    'xOJmgPHCK6zBFFWw2dxw6OnsxGmHnVeZ8wCWuAjz5lEyIs01vTEC2sDv8mbbnodTgxokxjopkJhunQHbWMI4jdSLCGs3P5i2' +
    'SouA1duyhiaBcrzkwcpMJSc3CUL8fePiDI52jU4EHSPz5PAol3EMSzy3JzA3GPe9ixvHaq5qVA==',
);

/** P-384, SHA-512. */
const ecRequest = pem(
  'MIIBKDCBrwIBADAwMRUwEwYDVQQKDAxzeXN0ZW06bm9kZXMxFzAVBgNVBAMMDnN5c3RlbTpub2RlOm4xMHYwEAYHKoZIzj0C' +
    'AQYFK4EEACIDYgAE437vwdgFZ3TNjWiqo+STARQ1OUMXycjVMjXptNPQu0z9XR7ciznDHJIdxw7BbrDxqIVzZEgyWU9AOgtL' +
    'OQCUeDGN0uDJfoXHKsZIRokq0PdNmHedLx+kYuR9FC8R87s7oAAwCgYIKoZIzj0EAwQDaAAwZQIxAOtrMLY6qXOCRXBCREQz' +
    'sUZ6D2gxAtUTF8j8qUQSdViS6rptxaWUVkIjQLM/tG1HggIwMs5V1qLF56O666l6mMzch8klpuuFcdh2qksysF48gQuLA5kr' +
    'wNdzB0rrmMB1c/dH',
);

/** Ed25519. */
const edRequest = pem(
  'MIGMMEACAQAwDTELMAkGA1UEAwwCZWQwKjAFBgMrZXADIQCl2I4m9QAjKjmPAr6IkSQsNgJZ8b1o5wMEsExpOqxkKKAAMAUG' +
    'AytlcANBADjj3NCGruZxDWr2pNTJLiu9GtcUwkt3rjCFESanvqoLa5L6hgR63pRTl9j3CtI1rKh62RmnvbXywc4Syyablww=',
);

/** P-384, SHA-1. */
const weakRequest = pem(
  'MIIBBzCBjgIBADAPMQ0wCwYDVQQDDAR3ZWFrMHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE437vwdgFZ3TNjWiqo+STARQ1OUMX' +
    'ycjVMjXptNPQu0z9XR7ciznDHJIdxw7BbrDxqIVzZEgyWU9AOgtLOQCUeDGN0uDJfoXHKsZIRokq0PdNmHedLx+kYuR9FC8R' +
    '87s7oAAwCQYHKoZIzj0EAQNpADBmAjEA8EcePWyJg3N2/4dcp+zr97fje7rK/veBUk8gdeoaTk6q2InGx+PP78DdUNVvLUM9' +
    'AjEAywNEb9vn0KzCseIPQz1I85Dj5shM6cZU4qN46NtZAbZ4y/vEDnt5qCv4X+HnEoQo',
);

const told = (text: string) => {
  const { publicKey, ...rest } = parseCertificateRequest(text);
  return { ...rest, key: publicKey.asymmetricKeyType };
};

test('what OpenSSL has made is read: names in their order, the last common name, all kinds of other names', () => {
  assert.deepEqual(told(rsaRequest), {
    subject: [
      { identifier: '2.5.4.6', text: 'DE' },
      { identifier: '2.5.4.10', text: 'dev' },
      { identifier: '2.5.4.10', text: 'ops' },
      { identifier: '2.5.4.3', text: 'Ada Lovelace' },
    ],
    commonName: 'Ada Lovelace',
    organizations: ['dev', 'ops'],
    dnsNames: ['ada.example.org'],
    addresses: ['192.0.2.7', '2001:db8::7'],
    emailAddresses: ['ada@example.org'],
    uris: ['spiffe://example.org/ada'],
    key: 'rsa',
  });
  const plain = { dnsNames: [], addresses: [], emailAddresses: [], uris: [] };
  assert.deepEqual(told(ecRequest), {
    subject: [
      { identifier: '2.5.4.10', text: 'system:nodes' },
      { identifier: '2.5.4.3', text: 'system:node:n1' },
    ],
    commonName: 'system:node:n1',
    organizations: ['system:nodes'],
    ...plain,
    key: 'ec',
  });
  assert.deepEqual(told(edRequest), {
    subject: [{ identifier: '2.5.4.3', text: 'ed' }],
    commonName: 'ed',
    organizations: [],
    ...plain,
    key: 'ed25519',
  });
});

describe('what cannot be used is told', () => {
  const bytesOf = (text: string) => Buffer.from(text.split('\n').slice(1, -2).join(''), 'base64');
  const changed = (change: (bytes: Buffer) => void): string => {
    const bytes = bytesOf(ecRequest);
    change(bytes);
    return pem(bytes.toString('base64'));
  };
  const cases: Record<string, { text: string; message: RegExp }> = {
    'no PEM': { text: 'rubbish', message: /^PEM block type must be CERTIFICATE REQUEST$/ },
    'a certificate': {
      text: ecRequest.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'),
      message: /^PEM block type must be CERTIFICATE REQUEST$/,
    },
    'an empty block': { text: pem(''), message: /^asn1: syntax error/ },
    'a cut-off block': {
      text: pem(bytesOf(ecRequest).subarray(0, 100).toString('base64')),
      message: /^asn1: structure error: the DER value is cut off$/,
    },
    'something behind it': {
      text: pem(Buffer.concat([bytesOf(ecRequest), Buffer.from([5, 0])]).toString('base64')),
      message: /^asn1: syntax error: trailing data$/,
    },
    'another name than was signed': {
      text: changed((bytes) => bytes.write('n2', bytes.indexOf('node:n1') + 5)),
      message: /^x509: signature verification failure$/,
    },
    'a signature that is another': {
      text: changed((bytes) => {
        bytes[bytes.length - 1]! ^= 1;
      }),
      message: /^x509: signature verification failure$/,
    },
    'SHA-1': { text: weakRequest, message: /^x509: cannot verify signature: algorithm unimplemented$/ },
    'too long': {
      text: pem('A'.repeat(certificateRequestBytesMax)),
      message: /^the request has more than 65536 bytes$/,
    },
  };
  for (const [name, { text, message }] of Object.entries(cases))
    test(name, () => assert.throws(() => parseCertificateRequest(text), { message }));
});

test('whatever bytes come, they are read or refused, and nothing else', () => {
  const good = Buffer.from(ecRequest.split('\n').slice(1, -2).join(''), 'base64');
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, value]) => {
      const copy = Buffer.from(good);
      copy[at] = value;
      return copy;
    }),
  );
  fc.assert(
    fc.property(bytes, (content) => {
      try {
        parseCertificateRequest(pem(Buffer.from(content).toString('base64')));
      } catch (error) {
        assert.ok(error instanceof CertificateRequestError, String(error));
      }
    }),
    { interruptAfterTimeLimit: 2000, numRuns: 400 },
  );
});
