import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPassedOn, isTunnelPath, restOfUrl } from './paths.ts';

const cases: Record<string, { tunnel: boolean; passedOn: boolean }> = {
  '/api/v1/namespaces/d/pods/p/exec?command=sh': { tunnel: true, passedOn: false },
  '/api/v1/namespaces/d/pods/p/attach': { tunnel: true, passedOn: false },
  '/api/v1/namespaces/d/pods/p/portforward/': { tunnel: true, passedOn: false },
  '/api/v1/namespaces/d/pods/p:80/proxy/exec': { tunnel: true, passedOn: true },
  '//api/v1//namespaces/d/services/https:s:443/proxy': { tunnel: true, passedOn: true },
  '/api/v1/nodes/n/proxy?x': { tunnel: true, passedOn: true },
  '/api/v1/nodes/n/proxied': { tunnel: false, passedOn: false },
  '/api/v1/nodes/n/exec': { tunnel: false, passedOn: false },
  '/api/v1/namespaces/d/pods/p/exec/x': { tunnel: false, passedOn: false },
  '/api/v1/namespaces/d/pods/p/log': { tunnel: false, passedOn: false },
  '/api/v1/namespaces/d/pods?x=/proxy/': { tunnel: false, passedOn: false },
  '/apis/apps/v1/namespaces/d/pods/p/proxy/': { tunnel: false, passedOn: false },
};
for (const [url, wanted] of Object.entries(cases))
  test(`${url}: ${JSON.stringify(wanted)}`, () =>
    assert.deepEqual({ tunnel: isTunnelPath(url), passedOn: isPassedOn(url) }, wanted));

test('what goes on is what the client wrote', () => {
  assert.deepEqual(restOfUrl('/api/v1/nodes/n/proxy//a%2Fb/../c?d=%20&', 5), {
    rest: '//a%2Fb/../c',
    query: '?d=%20&',
  });
  assert.deepEqual(restOfUrl('/api//v1/nodes/n/proxy', 5), { rest: '', query: '' });
  assert.deepEqual(restOfUrl('/api/v1/nodes/n/proxy/?', 5), { rest: '/', query: '?' });
});
