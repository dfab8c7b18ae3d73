/** A container's own restart policy (KEP-5307). Source of rules and wording: pkg/apis/core/validation of Kubernetes. */
import { type FieldError, notSupported, type Path, required, tooMany } from '../field.ts';
import type { Container } from '../generated/types.ts';

const policies = ['Always', 'Never', 'OnFailure'];
const actions = ['Restart', 'RestartAllContainers'];
const operators = ['In', 'NotIn'];
const rulesMax = 20;
const exitCodesMax = 255;

export function validateRestartRules(container: Container, at: Path): FieldError[] {
  const errors: FieldError[] = [];
  const policy = container.restartPolicy;
  const rules = container.restartPolicyRules ?? [];
  if (policy !== undefined && !policies.includes(policy))
    errors.push(notSupported(at.child('restartPolicy'), policy, policies));
  if (rules.length > 0 && policy === undefined)
    errors.push(
      required(at.child('restartPolicy'), 'must specify restartPolicy when restart rules are used'),
    );
  if (rules.length > rulesMax) errors.push(tooMany(at.child('restartPolicyRules'), rules.length, rulesMax));
  for (const [index, rule] of rules.entries()) {
    const here = at.child('restartPolicyRules').index(index);
    if (!actions.includes(rule.action))
      errors.push(notSupported(here.child('action'), rule.action ?? '', actions));
    if (rule.exitCodes == null) {
      errors.push(required(here.child('exitCodes'), 'must be specified'));
      continue;
    }
    const { operator, values = [] } = rule.exitCodes;
    if (!operators.includes(operator))
      errors.push(notSupported(here.child('exitCodes', 'operator'), operator ?? '', operators));
    if (values.length > exitCodesMax)
      errors.push(tooMany(here.child('exitCodes', 'values'), values.length, exitCodesMax));
  }
  return errors;
}
