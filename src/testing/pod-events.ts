/**
 * What kubelet says about a pod's containers, in its words. Source: pkg/kubelet/events, pkg/kubelet/kuberuntime and
 * pkg/kubelet/images of Kubernetes; since v1.35 messages name no container, because the event's fieldPath does.
 */
import { createHash } from 'node:crypto';
import { type EventText, referenceTo } from '../client/change.ts';
import type { Container, Pod } from '../kinds/generated/types.ts';
import { goDuration } from '../lib/go-duration.ts';
import { pullError } from './images.ts';
import { containersOf } from './pod-runtime.ts';

type Text = Pick<EventText, 'type' | 'reason' | 'message'>;

/** What happened to a container; `DeadlineExceeded` to the pod. */
export type Happening =
  | { readonly what: 'pulling' | 'pullFailed' | 'pullBackOff' | 'killing' | 'backOff' | 'unhealthy' }
  | { readonly what: 'started'; readonly pullMilliseconds: number }
  | { readonly what: 'deadlineExceeded' };

export type PodHappening = Happening & { readonly container?: string };

const normal = (reason: string, message: string): Text => ({ type: 'Normal', reason, message });
const warning = (reason: string, message: string): Text => ({ type: 'Warning', reason, message });

/** An image without a tag, or with `latest`, is asked for each time: the API server has filled that in. */
const isPulled = (container: Container): boolean => container.imagePullPolicy === 'Always';

/** Made up, but the same for an image each time: 5 to 205 MB. */
function imageBytes(image: string): number {
  return 5_000_000 + (createHash('sha256').update(image).digest().readUInt32LE(0) % 200_000_000);
}

function pulled(container: Container, milliseconds: number): Text {
  const { image = '' } = container;
  if (!isPulled(container))
    return normal(
      'Pulled',
      `Container image "${image}" already present on machine and can be accessed by the pod`,
    );
  const took = goDuration(milliseconds);
  return normal(
    'Pulled',
    `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${imageBytes(image)} bytes.`,
  );
}

/** What the probe would have met: nothing listens, or an answer that says no. */
function probeFailure(container: Container, ip: string | undefined): string {
  const { tcpSocket, grpc, exec } = container.readinessProbe ?? {};
  if (exec !== undefined) return 'Readiness probe failed: ';
  const port = tcpSocket?.port ?? grpc?.port;
  if (port === undefined) return 'Readiness probe failed: HTTP probe failed with statuscode: 503';
  const number = container.ports?.find(({ name }) => name === port)?.containerPort ?? port;
  const refused = `dial tcp ${ip ?? ''}:${number}: connect: connection refused`;
  return grpc === undefined
    ? `Readiness probe failed: ${refused}`
    : `Readiness probe failed: timeout: failed to connect service "${ip ?? ''}:${number}" within 1s: context deadline exceeded`;
}

function containerTexts(happening: PodHappening, pod: Pod, container: Container): Text[] {
  const { name, image = '' } = container;
  const { metadata } = pod;
  switch (happening.what) {
    case 'pulling':
      return [normal('Pulling', `Pulling image "${image}"`)];
    case 'pullFailed':
      return [
        warning('Failed', `Failed to pull image "${image}": ${pullError(image)}`),
        warning('Failed', 'Error: ErrImagePull'),
      ];
    case 'pullBackOff':
      return [
        normal('BackOff', `Back-off pulling image "${image}"`),
        warning('Failed', 'Error: ImagePullBackOff'),
      ];
    case 'started':
      return [
        pulled(container, happening.pullMilliseconds),
        normal('Created', 'Container created'),
        normal('Started', 'Container started'),
      ];
    case 'killing':
      return [normal('Killing', `Stopping container ${name}`)];
    case 'backOff':
      return [
        warning(
          'BackOff',
          `Back-off restarting failed container ${name} in pod ${metadata.name}_${metadata.namespace}(${metadata.uid})`,
        ),
      ];
    case 'unhealthy':
      return [warning('Unhealthy', probeFailure(container, pod.status?.podIP))];
    default:
      return [];
  }
}

/** Whether the node tells that it begins to pull. */
export const saysPulling = (container: Container): boolean => isPulled(container);

/** The events of what happened, in order. */
export function podEvents(pod: Pod, happenings: readonly PodHappening[]): EventText[] {
  if (happenings.length === 0) return [];
  const regarding = referenceTo('Pod', pod);
  const containers = new Map(
    containersOf(pod).map(({ container, role }) => [
      container.name,
      { container, field: role === 'app' ? 'containers' : 'initContainers' },
    ]),
  );
  return happenings.flatMap((happening) => {
    if (happening.what === 'deadlineExceeded')
      return [
        {
          regarding,
          ...normal('DeadlineExceeded', 'Pod was active on the node longer than the specified deadline'),
        },
      ];
    const found = containers.get(happening.container ?? '');
    if (found === undefined) return [];
    const fieldPath = `spec.${found.field}{${found.container.name}}`;
    return containerTexts(happening, pod, found.container).map((text) => ({
      regarding: { ...regarding, fieldPath },
      ...text,
    }));
  });
}
