import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  dials,
  type ExplainTestCase,
  either,
  endpointPods,
  fails,
  podOf,
  saidOf,
  serviceOf,
  sliceOf,
  sockets,
  unreadySlice,
} from '../explain-fixture.ts';

const cases: Record<string, ExplainTestCase> = {
  'the name of the target port mistyped': {
    facts: {
      service: serviceOf({ ports: [{ port: 80, targetPort: 'htpp' }] }),
      slices: [sliceOf({ ports: [] })],
    },
    said: [
      'broken: Service default/web does not answer because no container of its pods has a port named htpp, the targetPort of 80/TCP (they have http (8080/TCP)) (NamedPortMissing): did you mean targetPort http?',
      '!! endpoints: NamedPortMissing',
      '-- listening: NoEndpoints',
    ],
  },
  'the named target port has another protocol': {
    facts: {
      service: serviceOf({ ports: [{ port: 53, protocol: 'UDP', targetPort: 'http' }] }),
      slices: [sliceOf({ ports: [] })],
    },
    said: [
      'broken: Service default/web does not answer because no container of its pods has a port named http, the targetPort of 53/UDP (http is TCP in its pods) (NamedPortMissing): name the port in the pods, or give its number as targetPort.',
      '!! endpoints: NamedPortMissing',
      '-- listening: NoEndpoints',
    ],
  },
  'the pods name no ports': {
    facts: {
      service: serviceOf({ ports: [{ port: 80, targetPort: 'http' }] }),
      slices: [sliceOf({ ports: [] })],
      pods: [
        podOf('web-1', (pod) => {
          pod.spec!.containers[0]!.ports = [];
        }),
      ],
    },
    said: [
      'broken: Service default/web does not answer because no container of its pods has a port named http, the targetPort of 80/TCP (they name no ports) (NamedPortMissing): name the port in the pods, or give its number as targetPort.',
      '!! endpoints: NamedPortMissing',
      '-- listening: NoEndpoints',
    ],
  },
  'no selector and no endpoints': {
    facts: { service: serviceOf({ selector: undefined }), slices: [], pods: [] },
    said: [
      'broken: Service default/web does not answer because it has no selector, and nobody has given it endpoints (NoEndpoints): give it a selector, or make an EndpointSlice or Endpoints of its name.',
      '-- pods: NoSelector',
      '!! endpoints: NoEndpoints',
      '-- listening: NoEndpoints',
    ],
  },
  'no selector, endpoints by hand': {
    facts: { service: serviceOf({ selector: undefined }) },
    said: [
      'answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP.',
      '-- pods: NoSelector',
    ],
  },
  'endpoints by hand that are not ready': {
    facts: { service: serviceOf({ selector: undefined }), slices: [unreadySlice()] },
    said: [
      'broken: Service default/web does not answer because none of its 2 endpoints is ready (EndpointsNotReady): set their condition ready in the EndpointSlice.',
      '-- pods: NoSelector',
      '!! endpoints: EndpointsNotReady',
      '-- listening: NoEndpoints',
    ],
  },
  'an endpoint on the loopback address': {
    facts: {
      service: serviceOf({ selector: undefined }),
      slices: [sliceOf({ endpoints: [{ addresses: ['127.0.0.1'] }] })],
    },
    said: [
      'broken: Service default/web does not answer because its endpoint address 127.0.0.1 is not one that traffic may be sent to (it is a loopback address) (EndpointAddressRefused): write another address into EndpointSlice web-x.',
      '-- pods: NoSelector',
      '!! endpoints: EndpointAddressRefused',
      '-- listening: NoEndpoints',
    ],
  },
  'nobody writes EndpointSlices': {
    facts: { slices: [] },
    said: [
      'broken: Service default/web does not answer because its pods are ready, but are not in its EndpointSlices (EndpointsBehind): see whether the controller endpoint-slice runs.',
      '!! endpoints: EndpointsBehind',
      '-- listening: NoEndpoints',
    ],
  },
  'a target port that nothing listens on': {
    answer: either(dials('refused', ...endpointPods, '10.96.0.20:80'), sockets(['0.0.0.0', 80])),
    said: [
      'broken: Service default/web does not answer because nothing listens on port 8080 of pod web-1 at 10.244.0.2:8080; it listens on 80 (TargetPortNotListening): set targetPort to 80.',
      '!! listening: TargetPortNotListening',
      '!! connection: ConnectionRefused',
    ],
  },
  'a target port that is not the declared one': {
    facts: {
      service: serviceOf({ ports: [{ port: 80 }] }),
      slices: [sliceOf({ ports: [{ name: '', port: 80, protocol: 'TCP' }] })],
    },
    answer: either(
      dials('refused', '10.244.0.2:80', '10.244.1.2:80'),
      sockets(['::', 8080], ['127.0.0.1', 9000]),
    ),
    said: [
      'broken: Service default/web does not answer because nothing listens on port 80 of pod web-1 at 10.244.0.2:80; it listens on 8080 (TargetPortNotListening): set targetPort to 8080.',
      ' ! target port: TargetPortNotDeclared',
      '!! listening: TargetPortNotListening',
    ],
  },
  'nothing listens at all': {
    answer: either(dials('refused', ...endpointPods, '10.96.0.20:80'), sockets()),
    said: [
      'broken: Service default/web does not answer because nothing listens on port 8080 of pod web-1 at 10.244.0.2:8080, nor on any other port (TargetPortNotListening): set targetPort to the port that the program listens on, or start the program.',
      '!! listening: TargetPortNotListening',
      '!! connection: ConnectionRefused',
    ],
  },
  'it listens on localhost only': {
    answer: either(dials('refused', ...endpointPods, '10.96.0.20:80'), sockets(['127.0.0.1', 8080])),
    said: [
      'broken: Service default/web does not answer because pod web-1 at 10.244.0.2:8080 listens on 127.0.0.1 only, where no other pod reaches it (ListensOnLocalhostOnly): let it listen on 0.0.0.0.',
      '!! listening: ListensOnLocalhostOnly',
      '!! connection: ConnectionRefused',
    ],
  },
  'refused, and nobody could look into the pod': {
    answer: either(dials('refused', ...endpointPods, '10.96.0.20:80'), fails('sockets')),
    said: [
      'broken: Service default/web does not answer because nothing listens on port 8080 of pod web-1 at 10.244.0.2:8080 (TargetPortNotListening): set targetPort to the port that the program listens on, or start the program.',
      '!! listening: TargetPortNotListening',
      '!! connection: ConnectionRefused',
    ],
  },
  'a pod that cannot be reached': {
    facts: {
      slices: [
        sliceOf({
          endpoints: [
            {
              addresses: ['10.244.1.2'],
              nodeName: 'node-2',
              targetRef: { kind: 'Pod', namespace: 'default', name: 'web-2' },
            },
          ],
        }),
      ],
    },
    answer: dials('timedOut', '10.244.1.2:8080'),
    said: [
      'broken: Service default/web does not answer because pod web-2 at 10.244.1.2:8080 cannot be reached at all (PodUnreachable): look at its node node-2, and at the routes to it.',
      '!! listening: PodUnreachable',
    ],
  },
  'one of two endpoints refuses': {
    answer: either(dials('refused', '10.244.1.2:8080'), sockets()),
    said: [
      'broken: Service default/web does not always answer because 1 of 2 endpoints does not answer: nothing listens on port 8080 of pod web-2 at 10.244.1.2:8080, nor on any other port (SomeEndpointsFail): set targetPort to the port that the program listens on, or start the program.',
      '!! listening: SomeEndpointsFail',
    ],
  },
  'it listens on another address': {
    answer: either(dials('refused', ...endpointPods, '10.96.0.20:80'), sockets(['10.244.9.9', 8080])),
    said: [
      'broken: Service default/web does not answer because pod web-1 at 10.244.0.2:8080 listens on 10.244.9.9 only (ListensOnOtherAddress): let it listen on 0.0.0.0.',
      '!! listening: ListensOnOtherAddress',
      '!! connection: ConnectionRefused',
    ],
  },
  'refused though it listens': {
    answer: either(dials('refused', ...endpointPods, '10.96.0.20:80'), sockets(['0.0.0.0', 8080])),
    said: [
      'broken: Service default/web does not answer because pod web-1 at 10.244.0.2:8080 listens now, but refused a moment ago (TargetPortNotListening): try again, and see whether its program starts over and over.',
      '!! listening: TargetPortNotListening',
      '!! connection: ConnectionRefused',
    ],
  },
  'UDP that is refused': {
    facts: {
      service: serviceOf({ ports: [{ port: 53, protocol: 'UDP' }] }),
      slices: [sliceOf({ ports: [{ name: '', port: 53, protocol: 'UDP' }] })],
    },
    answer: dials('refused', '10.244.0.2:53', '10.244.1.2:53'),
    said: [
      'broken: Service default/web does not answer because nothing listens on UDP port 53 of pod web-1 at 10.244.0.2:53, nor on any other UDP port (TargetPortNotListening): set targetPort to the port that the program listens on, or start the program.',
      ' ! target port: TargetPortNotDeclared',
      '!! listening: TargetPortNotListening',
    ],
  },
  'UDP to a program that listens over TCP': {
    facts: {
      service: serviceOf({ ports: [{ port: 53, protocol: 'UDP', targetPort: 8080 }] }),
      slices: [sliceOf({ ports: [{ name: '', port: 8080, protocol: 'UDP' }] })],
    },
    answer: dials('refused'),
    said: [
      'broken: Service default/web does not answer because pod web-1 at 10.244.0.2:8080 listens over TCP, and 53/UDP is for UDP (ProtocolMismatch): give the port of the Service protocol TCP.',
      ' ! target port: ProtocolMismatch',
      '!! listening: ProtocolMismatch',
      '!! connection: ConnectionRefused',
    ],
  },
  'an endpoint by hand that is nowhere': {
    facts: {
      service: serviceOf({ selector: undefined }),
      slices: [sliceOf({ endpoints: [{ addresses: ['10.244.77.7'] }] })],
    },
    answer: dials('timedOut', '10.244.77.7:8080'),
    said: [
      'broken: Service default/web does not answer because endpoint 10.244.77.7:8080 cannot be reached at all (PodUnreachable): see whether there is such a host, and whether routes lead to it.',
      '-- pods: NoSelector',
      '!! listening: PodUnreachable',
    ],
  },
  'UDP where TCP is declared': {
    facts: {
      service: serviceOf({ ports: [{ port: 53, protocol: 'UDP', targetPort: 8080 }] }),
      slices: [sliceOf({ ports: [{ name: '', port: 8080, protocol: 'UDP' }] })],
    },
    said: [
      'answers: Service default/web answers: nobody refuses what node node-1 sends to 10.96.0.20:53/UDP; mind that 53/UDP: its pods declare http (8080/TCP), not UDP (ProtocolMismatch).',
      ' ! target port: ProtocolMismatch',
    ],
  },
};

describe('explains', () => {
  for (const [name, { said, ...given }] of Object.entries(cases))
    test(name, () => assert.deepEqual(saidOf(given), said));
});
