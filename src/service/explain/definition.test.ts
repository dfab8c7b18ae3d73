import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ExplainTestCase, missing, named, saidOf, serviceOf, sliceOf } from '../explain-fixture.ts';

const cases: Record<string, ExplainTestCase> = {
  'all is well': { said: ['answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP.'] },
  'a namespace mistyped': {
    facts: missing('shpo', 'cart'),
    said: [
      'broken: Service shpo/cart does not answer because there is no namespace shpo (NoNamespace): did you mean namespace shop?',
      '!! service: NoNamespace',
    ],
  },
  'a namespace that is nowhere like another, with the Service elsewhere': {
    facts: missing('production', 'cart'),
    said: [
      'broken: Service production/cart does not answer because there is no namespace production (NoNamespace): there is one in namespace shop: try -n shop.',
      '!! service: NoNamespace',
    ],
  },
  'a namespace that nobody has': {
    facts: missing('production', 'payment'),
    said: [
      'broken: Service production/payment does not answer because there is no namespace production (NoNamespace): name another with -n, or create it with "kubectl create namespace".',
      '!! service: NoNamespace',
    ],
  },
  'a name mistyped': {
    facts: missing('default', 'databse'),
    said: [
      'broken: Service default/databse does not answer because namespace default has no Service databse (NoService): did you mean database?',
      '!! service: NoService',
    ],
  },
  'the Service is in another namespace': {
    facts: missing('default', 'cart'),
    said: [
      'broken: Service default/cart does not answer because namespace default has no Service cart (NoService): there is one in namespace shop: try -n shop.',
      '!! service: NoService',
    ],
  },
  'mistyped, and in another namespace': {
    facts: missing('default', 'carts'),
    said: [
      'broken: Service default/carts does not answer because namespace default has no Service carts (NoService): did you mean cart in namespace shop?',
      '!! service: NoService',
    ],
  },
  'no such Service at all': {
    facts: missing('default', 'payment'),
    said: [
      'broken: Service default/payment does not answer because namespace default has no Service payment (NoService): create it, as with "kubectl expose".',
      '!! service: NoService',
    ],
  },
  'the target port was dialled': {
    facts: { target: { namespace: 'default', name: 'web', port: '8080' } },
    said: [
      'broken: Service default/web does not answer because 8080 is the port of its pods (targetPort), and clients dial its own port 80 (PortIsTargetPort): dial port 80.',
      '!! port: PortIsTargetPort',
    ],
  },
  'a port that it does not have': {
    facts: { target: { namespace: 'default', name: 'web', port: '443' } },
    said: [
      'broken: Service default/web does not answer because it has no port 443 (it has 80/TCP) (NoSuchPort): dial one of its ports, or add this one.',
      '!! port: NoSuchPort',
    ],
  },
  "a port's name mistyped": {
    facts: { service: named, target: { namespace: 'default', name: 'web', port: 'htpp' } },
    said: [
      'broken: Service default/web does not answer because it has no port htpp (it has http 80/TCP) (NoSuchPort): did you mean http?',
      '!! port: NoSuchPort',
    ],
  },
  'asked by node port': {
    facts: {
      service: serviceOf({ type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] }),
      target: { namespace: 'default', name: 'web', port: '30080' },
    },
    said: ['answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP.'],
  },
  'being deleted': {
    facts: {
      service: serviceOf(
        {},
        {
          deletionTimestamp: '2026-01-01T00:00:00Z',
          finalizers: ['service.kubernetes.io/load-balancer-cleanup'],
        },
      ),
    },
    said: [
      'answers: Service default/web answers: node node-1 reaches 10.96.0.20:80/TCP; mind that it is being deleted and waits for service.kubernetes.io/load-balancer-cleanup (ServiceTerminating).',
      ' ! service: ServiceTerminating',
    ],
  },
  'no cluster IP': {
    facts: { service: serviceOf({ clusterIP: '', clusterIPs: [] }) },
    said: [
      'broken: Service default/web does not answer because it has no cluster IP (NoClusterIP): look at its events with "kubectl describe service".',
      '!! definition: NoClusterIP',
    ],
  },
  'handed to another proxy': {
    facts: { service: serviceOf({}, { labels: { 'service.kubernetes.io/service-proxy-name': 'mesh' } }) },
    said: [
      'answers: Service default/web answers: 80/TCP: 2 of 2 endpoints accept connections; mind that its label service.kubernetes.io/service-proxy-name hands it to another proxy (OtherProxy).',
      ' ! definition: OtherProxy',
    ],
  },
  'kept from every proxy by the label of headless Services': {
    facts: { service: serviceOf({}, { labels: { 'service.kubernetes.io/headless': '' } }) },
    said: [
      'answers: Service default/web answers: 80/TCP: 2 of 2 endpoints accept connections; mind that its label service.kubernetes.io/headless hands it to another proxy (OtherProxy).',
      ' ! definition: OtherProxy',
    ],
  },
  SCTP: {
    facts: {
      service: serviceOf({ ports: [{ port: 80, protocol: 'SCTP' }] }),
      slices: [sliceOf({ ports: [{ name: '', port: 80, protocol: 'SCTP' }] })],
    },
    said: [
      'unknown: Service default/web looks right, but nothing could be tried: 80/SCTP cannot be tried.',
      ' ! definition: UnsupportedProtocol',
      ' ! target port: TargetPortNotDeclared',
      '-- listening: NotProbed',
      '-- rules: NotProbed',
      '-- connection: NotProbed',
    ],
  },
};

describe('explains', () => {
  for (const [name, { said, ...given }] of Object.entries(cases))
    test(name, () => assert.deepEqual(saidOf(given), said));
});
