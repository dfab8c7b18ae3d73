import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseResolvConf } from './resolv-conf.ts';

test('what a resolv.conf says', () => {
  const text = `# made by hand
nameserver 192.0.2.1
  nameserver   2001:db8::1 # the second
search old.example
search a.example b.example
options ndots:2 rotate
options edns0
sortlist 130.155.160.0/255.255.240.0
nameserver
`;
  assert.deepEqual(parseResolvConf(text), {
    nameservers: ['192.0.2.1', '2001:db8::1'],
    search: ['a.example', 'b.example'],
    options: ['ndots:2', 'rotate', 'edns0'],
  });
});

test('an empty one says nothing', () => {
  assert.deepEqual(parseResolvConf(''), { nameservers: [], search: [], options: [] });
});
