/** The scheduler's word: this pod goes to that node. Source: pkg/registry/core/pod/storage assignPod. */
import { type FieldError, invalid, notSupported, path, required } from '../../../kinds/field.ts';
import type { Binding, Pod, PodCondition } from '../../../kinds/generated/types.ts';
import type { AnyObject } from '../../../kinds/object.ts';
import { conflictError, invalidError, noRouteError, StatusError } from '../../../kinds/status.ts';
import type { ResourceRequest } from '../../context.ts';
import type { ApiResponse } from '../../request.ts';
import { readObject } from '../body.ts';
import { timestamp } from '../prepare.ts';
import { readCurrent } from '../read.ts';
import { respondJson } from '../respond.ts';
import { changeObject } from '../update.ts';
import { parseWriteOptions } from '../write-options.ts';

const pods = { group: '', plural: 'pods/binding' };

function validateBinding(binding: Binding): FieldError[] {
  const target = path('target');
  const errors: FieldError[] = [];
  const { kind = '', name = '' } = binding.target;
  if (kind !== '' && kind !== 'Node')
    errors.push(notSupported(target.child('kind'), kind, ['Node', '<empty>']));
  if (name === '') errors.push(required(target.child('name'), ''));
  else if (name.includes('/')) errors.push(invalid(target.child('name'), name, "may not contain '/'"));
  return errors;
}

function assign(request: ResourceRequest, pod: Pod, binding: Binding): void {
  const name = request.info.name;
  const refuse = (why: string) => conflictError(pods, name, why);
  if (pod.metadata.deletionTimestamp)
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  const spec = pod.spec as NonNullable<Pod['spec']>;
  if (spec.nodeName) throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`);
  if ((spec.schedulingGates ?? []).length > 0)
    throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const node = binding.target.name as string;
  spec.nodeName = node;
  if (binding.metadata.annotations)
    pod.metadata.annotations = { ...pod.metadata.annotations, ...binding.metadata.annotations };
  if (binding.metadata.labels) pod.metadata.labels = { ...pod.metadata.labels, ...binding.metadata.labels };
  markScheduled(pod, timestamp(request.backend));
}

/** What was nominated is no longer asked for. The condition keeps its place among the others. */
function markScheduled(pod: Pod, now: string): void {
  pod.status ??= {};
  delete pod.status.nominatedNodeName;
  const conditions = [...(pod.status.conditions ?? [])];
  const present = conditions.findIndex(({ type }) => type === 'PodScheduled');
  const before = conditions[present];
  const since = before?.status === 'True' ? before.lastTransitionTime : now;
  const scheduled: PodCondition = { type: 'PodScheduled', status: 'True', lastTransitionTime: since };
  conditions.splice(present === -1 ? conditions.length : present, 1, scheduled);
  pod.status.conditions = conditions;
}

/** POST pods/NAME/binding, and POST bindings with the pod's name in the metadata. */
export async function bind(request: ResourceRequest): Promise<ApiResponse> {
  const { backend, info } = request;
  const options = parseWriteOptions(request);
  const bindingKind = backend.kinds.byResource('', 'v1', 'bindings');
  const podKind = backend.kinds.byResource('', 'v1', 'pods');
  if (bindingKind === undefined || podKind === undefined) throw noRouteError();
  const body = await readObject(request, bindingKind, options.fieldValidation);
  const binding = body as unknown as Binding;
  const name = info.name === '' ? (binding.metadata.name ?? '') : info.name;
  if (binding.metadata.name !== undefined && binding.metadata.name !== '' && binding.metadata.name !== name)
    throw new StatusError(400, 'BadRequest', 'name in URL does not match name in Binding object');
  const errors = validateBinding(binding);
  if (errors.length > 0) throw invalidError({ group: '', kind: 'Binding' }, name, errors);
  const onPod: ResourceRequest = {
    ...request,
    kind: podKind,
    stored: podKind,
    info: { ...info, resource: 'pods', name, subresource: 'binding' },
  };
  await readCurrent(onPod);
  const change = (old: AnyObject) => {
    const pod = structuredClone(old);
    if (binding.metadata.uid && binding.metadata.uid !== pod.metadata.uid)
      throw conflictError(
        pods,
        name,
        `Precondition failed: UID in precondition: ${binding.metadata.uid}, UID in object meta: ${pod.metadata.uid}`,
      );
    assign(onPod, pod as unknown as Pod, binding);
    if (binding.metadata.resourceVersion) pod.metadata.resourceVersion = binding.metadata.resourceVersion;
    return pod;
  };
  // Upstream writes a binding past the field managers: nobody owns nodeName.
  await changeObject(onPod, change, { ...options, target: 'custom', derived: true, tracked: true });
  return respondJson(request, 201, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    code: 201,
  });
}
