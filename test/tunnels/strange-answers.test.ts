/** A pod that answers a proxied request with what was not asked for, or cannot be passed on: its place is given back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { askHttp1 } from '../hostile/clients.ts';
import { until } from './clients.ts';
import { makePod, type Rig, startRig } from './rig.ts';

const podIP = '127.200.0.10';

const heads: Record<string, { head: string; status: number; says: RegExp }> = {
  'another protocol': {
    head: '101 x\r\nConnection: Upgrade\r\nUpgrade: echo',
    status: 503,
    says: /error trying to reach service: backend tried to switch protocol \\"echo\\" when \\"\\" was requested/,
  },
  'a status that is none': { head: '099 x', status: 500, says: /"status":"Failure"/ },
};

let rig: Rig;
let head = '';
const pod = createServer((socket) => {
  socket.on('error', () => {});
  // What follows would be taken for another answer by whoever has believed the first.
  socket.once('data', () => socket.write(`HTTP/1.1 ${head}\r\n\r\nHTTP/1.1 200 x\r\n\r\n`));
});

before(async () => {
  pod.listen(0, podIP);
  await once(pod, 'listening');
  rig = await startRig({ loopback: true });
  await makePod(rig.api, 'strange', { podIP });
});
after(async () => {
  await rig?.close();
  pod.close();
});

for (const [name, wanted] of Object.entries(heads))
  test(name, async () => {
    head = wanted.head;
    const { port } = pod.address() as AddressInfo;
    const answer = await askHttp1(rig.target, {
      path: `/api/v1/namespaces/default/pods/strange:${port}/proxy/`,
    });
    assert.equal(answer.status, wanted.status);
    assert.match(answer.body.toString(), wanted.says);
    await until(() => rig.api.server.backend.tunnels?.open === 0);
  });
