/** Probes and lifecycle handlers. Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { type FieldError, forbidden, invalid, notSupported, type Path, required } from '../field.ts';
import type {
  Container,
  ExecAction,
  GRPCAction,
  HTTPGetAction,
  Lifecycle,
  Probe,
  SleepAction,
  TCPSocketAction,
} from '../generated/types.ts';
import { isPortName, isPortNumber } from '../names.ts';
import { invalidEach, requireText, validateNonNegative } from './checks.ts';

/** A port by number, or by the name it has in the container. */
function validatePortNumberOrName(port: number | string | undefined, at: Path): FieldError[] {
  return typeof port === 'string'
    ? invalidEach(at, port, isPortName(port))
    : invalidEach(at, port ?? 0, isPortNumber(port ?? 0));
}

/** A header may carry letters, digits and dashes. */
function isHTTPHeaderName(name: string): string[] {
  return /^[-A-Za-z0-9]+$/.test(name)
    ? []
    : [
        "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
      ];
}

function validateHTTPGet(action: HTTPGetAction, at: Path): FieldError[] {
  const scheme = action.scheme ?? '';
  return [
    ...requireText(action.path, at.child('path')),
    ...validatePortNumberOrName(action.port, at.child('port')),
    ...(scheme === 'HTTP' || scheme === 'HTTPS'
      ? []
      : [notSupported(at.child('scheme'), scheme, ['HTTP', 'HTTPS'])]),
    ...(action.httpHeaders ?? []).flatMap(({ name }) =>
      invalidEach(at.child('httpHeaders'), name, isHTTPHeaderName(name ?? '')),
    ),
  ];
}

function validateSleep(action: SleepAction, graceSeconds: number | undefined, at: Path): FieldError[] {
  const { seconds } = action;
  return graceSeconds !== undefined && (seconds < 0 || seconds > graceSeconds)
    ? [
        invalid(
          at,
          seconds,
          `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`,
        ),
      ]
    : [];
}

interface Handler {
  exec?: ExecAction;
  httpGet?: HTTPGetAction;
  tcpSocket?: TCPSocketAction;
  grpc?: GRPCAction;
  sleep?: SleepAction;
}

function validateHandler(handler: Handler, graceSeconds: number | undefined, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  const check = (name: keyof Handler, validate: (at: Path) => FieldError[]) => {
    if (handler[name] == null) return;
    count += 1;
    if (count > 1) errors.push(forbidden(at.child(name), 'may not specify more than 1 handler type'));
    else errors.push(...validate(at.child(name)));
  };
  check('exec', (here) =>
    (handler.exec?.command ?? []).length === 0 ? [required(here.child('command'), '')] : [],
  );
  check('httpGet', (here) => validateHTTPGet(handler.httpGet as HTTPGetAction, here));
  check('tcpSocket', (here) => validatePortNumberOrName(handler.tcpSocket?.port, here.child('port')));
  check('grpc', (here) =>
    invalidEach(here.child('port'), handler.grpc?.port, isPortNumber(handler.grpc?.port ?? 0)),
  );
  check('sleep', (here) => validateSleep(handler.sleep as SleepAction, graceSeconds, here));
  if (count === 0) errors.push(required(at, 'must specify a handler type'));
  return errors;
}

export function validateLifecycle(
  lifecycle: Lifecycle,
  graceSeconds: number | undefined,
  at: Path,
): FieldError[] {
  return (['postStart', 'preStop'] as const).flatMap((name) => {
    const handler = lifecycle[name];
    return handler == null ? [] : validateHandler(handler, graceSeconds, at.child(name));
  });
}

const probeNumbers = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

function validateProbe(probe: Probe, graceSeconds: number | undefined, at: Path): FieldError[] {
  const errors = validateHandler(probe as Handler, graceSeconds, at);
  for (const name of probeNumbers) errors.push(...validateNonNegative(probe[name], at.child(name)));
  const own = probe.terminationGracePeriodSeconds;
  if (own !== undefined && own <= 0)
    errors.push(invalid(at.child('terminationGracePeriodSeconds'), own, 'must be greater than 0'));
  return errors;
}

/** Liveness, readiness and startup probe of a container. */
export function validateProbes(
  container: Container,
  graceSeconds: number | undefined,
  at: Path,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[name];
    if (probe == null) continue;
    const here = at.child(name);
    errors.push(...validateProbe(probe, graceSeconds, here));
    if (name !== 'readinessProbe' && probe.successThreshold !== 1)
      errors.push(invalid(here.child('successThreshold'), probe.successThreshold ?? 0, 'must be 1'));
    if (name === 'readinessProbe' && probe.terminationGracePeriodSeconds !== undefined)
      errors.push(
        invalid(
          here.child('terminationGracePeriodSeconds'),
          probe.terminationGracePeriodSeconds,
          'must not be set for readinessProbes',
        ),
      );
  }
  return errors;
}
