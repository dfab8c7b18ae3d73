/**
 * What a Job's policies make of its pods. Source of behaviour and wording: pkg/controller/job/pod_failure_policy.go and
 * success_policy.go of Kubernetes.
 */
import type {
  ContainerStatus,
  JobSpec,
  Pod,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
} from '../../kinds/generated/types.ts';
import { type Intervals, readIntervals, sharedBy, totalOf } from './indexes.ts';

export interface Verdict {
  /** The failure counts towards the limits. */
  readonly counts: boolean;
  readonly action?: string;
  /** Why the whole Job fails. */
  readonly message?: string;
}

function exitOf(
  statuses: readonly ContainerStatus[] | undefined,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): { name: string; code: number } | undefined {
  for (const { name, state } of statuses ?? []) {
    const code = state?.terminated?.exitCode;
    if (code === undefined || code === 0 || (containerName ?? name) !== name) continue;
    if (operator === 'In' ? values.includes(code) : operator === 'NotIn' && !values.includes(code))
      return { name, code };
  }
  return undefined;
}

/** What matched, as the message begins; undefined when the rule does not concern the pod. */
function matchOf(rule: PodFailurePolicyRule, { metadata, status }: Pod): string | undefined {
  const pod = `${metadata.namespace}/${metadata.name}`;
  if (rule.onExitCodes != null) {
    const exit =
      exitOf(status?.containerStatuses, rule.onExitCodes) ??
      exitOf(status?.initContainerStatuses, rule.onExitCodes);
    return exit && `Container ${exit.name} for pod ${pod} failed with exit code ${exit.code}`;
  }
  const condition = status?.conditions?.find((each) =>
    rule.onPodConditions?.some(
      (pattern) => pattern.type === each.type && (pattern.status ?? 'True') === each.status,
    ),
  );
  return condition && `Pod ${pod} has condition ${condition.type}`;
}

/** The first rule that matches decides. */
export function judgeFailure({ podFailurePolicy }: JobSpec, pod: Pod): Verdict {
  for (const [index, rule] of (podFailurePolicy?.rules ?? []).entries()) {
    const match = matchOf(rule, pod);
    if (match === undefined) continue;
    const { action } = rule;
    if (action === 'Ignore') return { counts: false, action };
    if (action === 'FailJob')
      return { counts: true, action, message: `${match} matching ${action} rule at index ${index}` };
    if (action === 'Count' || action === 'FailIndex') return { counts: true, action };
  }
  return { counts: true };
}

/** Which rule says that enough has succeeded. */
export function successRule(
  { successPolicy, completions = 0 }: JobSpec,
  succeeded: Intervals,
): string | undefined {
  if (succeeded.length === 0) return undefined;
  const index = (successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    if (succeededIndexes === undefined)
      return succeededCount !== undefined && totalOf(succeeded) >= succeededCount;
    const wanted = readIntervals(succeededIndexes, completions);
    if (wanted.length === 0) return false;
    const shared = sharedBy(wanted, succeeded);
    return shared === totalOf(wanted) || (succeededCount !== undefined && shared >= succeededCount);
  });
  return index === -1 ? undefined : `Matched rules at index ${index}`;
}
