import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rewriteHtml, rewriteUrl } from './rewrite.ts';

const prefix = '/api/v1/namespaces/ns/services/web/proxy';
const rewriting = { prefix, backendHost: '10.244.0.5:80', clientHost: 'localhost:8001' };

const urls: Record<string, [string, string]> = {
  'a path of the backend': ['/a/b?c#d', `${prefix}/a/b?c#d`],
  'its root': ['/', `${prefix}/`],
  'the backend by its address': ['http://10.244.0.5:80/a', `${prefix}/a`],
  'the client’s own name for it': ['http://localhost:8001/a', `${prefix}/a`],
  'what is rewritten already': [`http://localhost:8001${prefix}/a`, `http://localhost:8001${prefix}/a`],
  'a path that is rewritten already': [`${prefix}/a`, `${prefix}/a`],
  'a path that only begins like it': [`${prefix}ed`, `${prefix}${prefix}ed`],
  'a relative path': ['a/b', 'a/b'],
  'a query alone': ['?x', '?x'],
  'somewhere else': ['https://example.com/a', 'https://example.com/a'],
  'somewhere else, in this protocol': ['//example.com/a', '//example.com/a'],
  'another scheme': ['mailto:/x', 'mailto:/x'],
  nothing: ['', ''],
};
for (const [name, [url, wanted]] of Object.entries(urls))
  test(`a URL: ${name}`, () => assert.equal(rewriteUrl(url, rewriting), wanted));

const pages: Record<string, [string, string]> = {
  'quotes of both kinds, and none': [
    `<a href="/a">x</a><A HREF='/b' >y</A><img src=/c><script src="/d">"<a href='/no'>"</script><a href=/e>`,
    `<a href="${prefix}/a">x</a><A HREF="${prefix}/b" >y</A><img src="${prefix}/c"><script src="${prefix}/d">"<a href='/no'>"</script><a href="${prefix}/e">`,
  ],
  'attributes that hold no URL': [
    '<a title="/a" data-href="/b">/c</a>',
    '<a title="/a" data-href="/b">/c</a>',
  ],
  'tags that hold no URL': ['<p src="/a">', '<p src="/a">'],
  comments: ['<!-- <a href="/a"> --><a href="/b">', `<!-- <a href="/a"> --><a href="${prefix}/b">`],
  'entities in a URL': ['<a href="/a?b&amp;c">', `<a href="${prefix}/a?b&amp;c">`],
  'spaces around the equals sign': ['<a href = "/a">', `<a href = "${prefix}/a">`],
  'a tag without an end': ['<a href="/a">x<a href="/b"', `<a href="${prefix}/a">x<a href="/b"`],
  'a quote without an end': ['<a href="/a>x<a href=', '<a href="/a>x<a href='],
  'a greater-than sign in quotes': ['<a title=">" href="/a">', `<a title=">" href="${prefix}/a">`],
  'several URLs in one tag': [
    '<img src="/a" longdesc="/b"/>',
    `<img src="${prefix}/a" longdesc="${prefix}/b"/>`,
  ],
  'names of every object': [
    '<constructor href="/a"><__proto__ href="/a">',
    '<constructor href="/a"><__proto__ href="/a">',
  ],
  'no markup': ['a < b > c <', 'a < b > c <'],
};
for (const [name, [page, wanted]] of Object.entries(pages))
  test(`a page: ${name}`, () => assert.equal(rewriteHtml(page, rewriting), wanted));

test('a page without links of its own is not touched', () => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '"',
    "'",
    '=',
    ' ',
    '/',
    'a',
    'href',
    '<!--',
    '-->',
    '<a ',
    '<script>',
    'é',
    '&amp;',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const page = pieces
        .join('')
        .replaceAll('=/', '=')
        .replaceAll(/=(\s*["']?)\//g, '=$1');
      assert.equal(rewriteHtml(page, { ...rewriting, prefix: '' }), page);
    }),
    { numRuns: 500, interruptAfterTimeLimit: 2000 },
  );
});

test('pages that are made to be slow are read as fast as others', () => {
  for (const piece of ['<a ', '<a "', '<!--', '<a =', "<a href='", '<script>', '<a b']) {
    const page = piece.repeat(300_000);
    assert.equal(rewriteHtml(page, rewriting), page);
  }
});
