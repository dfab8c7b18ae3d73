/** HTTP/1.1 messages that are not well-formed, or that no server should take, and what each is answered with. */
import { headerBytesMax } from '../../src/apiserver/limits.ts';

/** The messages of a reply: the code of each, and the Status that it carries. */
export function answersOf(reply: string): { code: number; message: unknown }[] {
  return reply
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((part) => part !== '')
    .map((part) => {
      const [head = '', body = ''] = part.split('\r\n\r\n');
      return {
        code: Number(head.slice(9, 12)),
        message: body.startsWith('{') ? JSON.parse(body).message : body,
      };
    });
}

export const post = (headers: string, body = '') => `POST /x HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`;
const malformed = 'the request is not well-formed HTTP';
const tooLarge = 'the request line and headers are longer than the server accepts';
const notAllowed = 'the server does not allow this method on the requested resource';

export const rawCases: Record<string, { bytes: string | Uint8Array; code: number; message: string }> = {
  rubbish: { bytes: 'rubbish\r\n\r\n', code: 400, message: malformed },
  'random bytes': { bytes: Buffer.from([0, 255, 1, 254, 13, 10, 13, 10]), code: 400, message: malformed },
  'a method that is none': { bytes: 'G=T / HTTP/1.1\r\nHost: x\r\n\r\n', code: 400, message: malformed },
  'no host': { bytes: 'GET / HTTP/1.1\r\n\r\n', code: 400, message: 'missing required Host header' },
  'NUL in a header': {
    bytes: 'GET / HTTP/1.1\r\nHost: x\r\nA: \u0000\r\n\r\n',
    code: 400,
    message: malformed,
  },
  'a header without a name': {
    bytes: 'GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n',
    code: 400,
    message: malformed,
  },
  'a folded header': {
    bytes: 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n',
    code: 400,
    message: malformed,
  },
  'a space in the path': { bytes: 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n', code: 400, message: malformed },
  'a version that is none': { bytes: 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', code: 400, message: malformed },
  'giant headers': {
    bytes: `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(headerBytesMax)}\r\n\r\n`,
    code: 431,
    message: tooLarge,
  },
  'a giant path': {
    bytes: `GET /${'a'.repeat(headerBytesMax)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    code: 431,
    message: tooLarge,
  },
  'many headers': {
    bytes: `GET / HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(20_000)}\r\n`,
    code: 431,
    message: tooLarge,
  },
  'a length that is no number': {
    bytes: post('Content-Length: ten\r\n', 'x'),
    code: 400,
    message: malformed,
  },
  'a negative length': { bytes: post('Content-Length: -1\r\n', 'x'), code: 400, message: malformed },
  'two lengths': {
    bytes: post('Content-Length: 1\r\nContent-Length: 2\r\n', 'xx'),
    code: 400,
    message: malformed,
  },
  'length and chunks together': {
    bytes: post('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    code: 400,
    message: malformed,
  },
  'a chunk size that is no number': {
    bytes: post('Transfer-Encoding: chunked\r\n', 'zz\r\n\r\n'),
    code: 400,
    message: malformed,
  },
  'a chunk size beyond all numbers': {
    bytes: post('Transfer-Encoding: chunked\r\n', `${'f'.repeat(20)}\r\n`),
    code: 400,
    message: malformed,
  },
  'a chunk longer than it says': {
    bytes: post('Transfer-Encoding: chunked\r\n', '1\r\nabc\r\n0\r\n\r\n'),
    code: 400,
    message: malformed,
  },
  'an encoding that is not known': {
    bytes: post('Transfer-Encoding: gzip\r\n', 'x'),
    code: 400,
    message: malformed,
  },
  'an expectation that is not known': {
    bytes: post('Expect: 200-ok\r\nContent-Length: 0\r\n'),
    code: 417,
    message: 'the only expectation that the server meets is 100-continue',
  },
  'an asterisk': { bytes: 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n', code: 405, message: notAllowed },
  CONNECT: { bytes: 'CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n', code: 405, message: notAllowed },
  'a length over the limit, and no body': {
    bytes: post('Content-Length: 99999999\r\n'),
    code: 413,
    message: 'Request entity too large: limit is 3145728',
  },
  'a length beyond all numbers': {
    bytes: post('Content-Length: 99999999999999999999999\r\n'),
    code: 400,
    message: malformed,
  },
};
