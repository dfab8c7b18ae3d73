/** Is there such a Service, does it have the port, is what it says sensible. */
import { parseAddress } from '../../lib/ip.ts';
import { otherProxyLabelOf } from '../resolve.ts';
import { similarNames } from '../similar-names.ts';
import { type ExplainCase, isTerminating, portText, targetPortOf } from './case.ts';
import { type Check, listed, ok, skipped, warning, wrong } from './check.ts';
import type { ExplainFacts } from './facts.ts';

/** Why there is no such Service, and which one may have been meant. */
export function missingService({ target, known }: ExplainFacts): Check {
  const { namespace, name } = target;
  if (!known.namespaces.includes(namespace)) {
    const similar = similarNames(namespace, known.namespaces);
    const elsewhere = known.services.filter((each) => each.name === name).map((each) => each.namespace);
    const remedy =
      similar.length > 0
        ? `did you mean namespace ${listed(similar)}`
        : elsewhere.length > 0
          ? `there is one in namespace ${listed(elsewhere)}: try -n ${elsewhere[0]}`
          : 'name another with -n, or create it with "kubectl create namespace"';
    return wrong('service', { reason: 'NoNamespace', text: `there is no namespace ${namespace}`, remedy });
  }
  const told = (remedy: string) =>
    wrong('service', {
      reason: 'NoService',
      text: `namespace ${namespace} has no Service ${name}`,
      remedy,
    });
  const elsewhere = known.services.filter((each) => each.name === name).map((each) => each.namespace);
  if (elsewhere.length > 0)
    return told(`there is one in namespace ${listed(elsewhere)}: try -n ${elsewhere[0]}`);
  const here = known.services.filter((each) => each.namespace === namespace).map((each) => each.name);
  const similar = similarNames(name, here);
  if (similar.length > 0) return told(`did you mean ${listed(similar)}`);
  const far = similarNames(
    name,
    known.services.map((each) => each.name),
  );
  const found = known.services.find((each) => each.name === far[0]);
  if (found !== undefined) return told(`did you mean ${found.name} in namespace ${found.namespace}`);
  return told('create it, as with "kubectl expose"');
}

function summary({ service, shape }: ExplainCase): string {
  const { spec } = service;
  if (shape === 'externalName') return `ExternalName -> ${spec?.externalName}`;
  const ports = (spec?.ports ?? []).map((port) =>
    targetPortOf(port) === port.port ? portText(port) : `${portText(port)} -> ${targetPortOf(port)}`,
  );
  const address = shape === 'headless' ? 'headless' : (spec?.clusterIPs ?? [spec?.clusterIP]).join(', ');
  return `${spec?.type ?? 'ClusterIP'} ${address}, ${ports.length === 0 ? 'no ports' : `port ${listed(ports)}`}`;
}

export function serviceCheck(look: ExplainCase): Check {
  const { deletionTimestamp, finalizers = [] } = look.service.metadata;
  if (deletionTimestamp !== undefined)
    return warning('service', {
      reason: 'ServiceTerminating',
      text: `it is being deleted and waits for ${listed(finalizers)}`,
    });
  return ok('service', `it exists: ${summary(look)}`);
}

/** Document 002: "Check whether you're connecting to the port exposed by the service and not the target port." */
export function portChecks({ facts, service, ports }: ExplainCase): Check[] {
  const wanted = facts.target.port;
  if (wanted === undefined) return [];
  const all = service.spec?.ports ?? [];
  const [found] = ports;
  if (found !== undefined) {
    const isNodePort = String(found.port) !== wanted && String(found.nodePort) === wanted;
    return [ok('port', isNodePort ? `${wanted} is the node port of ${portText(found)}` : portText(found))];
  }
  const has = all.length === 0 ? 'it has no ports' : `it has ${listed(all.map(portText), 8)}`;
  const behind = all.find((port) => String(targetPortOf(port)) === wanted);
  if (behind !== undefined)
    return [
      wrong('port', {
        reason: 'PortIsTargetPort',
        text: `${wanted} is the port of its pods (targetPort), and clients dial its own port ${behind.port}`,
        remedy: `dial port ${behind.port}`,
      }),
    ];
  const similar = similarNames(
    wanted,
    all.flatMap(({ name }) => name ?? []),
  );
  return [
    wrong('port', {
      reason: 'NoSuchPort',
      text: `it has no port ${wanted} (${has})`,
      remedy:
        similar.length > 0 ? `did you mean ${listed(similar)}` : 'dial one of its ports, or add this one',
    }),
  ];
}

function externalNameCheck({ service }: ExplainCase): Check {
  const name = service.spec?.externalName ?? '';
  if (parseAddress(name) !== undefined)
    return wrong('definition', {
      reason: 'ExternalNameIsAddress',
      text: `its externalName ${name} is an address, which DNS cannot give as a name`,
      remedy: `make a Service without a selector and an EndpointSlice with ${name}`,
    });
  return ok('definition', `its name leads to ${name} by DNS alone: no address, ports or proxy of its own`);
}

export function definitionChecks(look: ExplainCase): Check[] {
  const { shape, ports, service } = look;
  if (shape === 'externalName') return [externalNameCheck(look)];
  if (shape === 'pending')
    return [
      wrong('definition', {
        reason: 'NoClusterIP',
        text: 'it has no cluster IP',
        remedy: 'look at its events with "kubectl describe service"',
      }),
    ];
  if (shape === 'otherProxy')
    return [
      warning('definition', {
        reason: 'OtherProxy',
        text: `its label ${otherProxyLabelOf(service)} hands it to another proxy`,
        remedy: 'remove that label',
      }),
    ];
  const sctp = ports.filter(({ protocol }) => protocol === 'SCTP');
  if (sctp.length > 0)
    return [
      warning('definition', {
        reason: 'UnsupportedProtocol',
        text: `${listed(sctp.map(portText))} is SCTP, which is not tried here`,
      }),
    ];
  if (isTerminating(service)) return [];
  return shape === 'headless'
    ? [skipped('definition', 'it is headless: DNS gives the addresses of its pods, and no proxy is between')]
    : [];
}
