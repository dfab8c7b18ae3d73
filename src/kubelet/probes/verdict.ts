/** From single answers to a verdict, by thresholds. Source: doProbe of kubelet/prober/worker.go. */
import type { Probe } from '../../kinds/generated/types.ts';

export type Answer = 'Success' | 'Failure';

export interface ProbeState {
  /** What holds; undefined until a threshold was reached for the first time. */
  readonly verdict: Answer | undefined;
  readonly last: Answer | undefined;
  /** How often the last answer came in a row. */
  readonly run: number;
}

export const firstState: ProbeState = { verdict: undefined, last: undefined, run: 0 };

const successThresholdDefault = 1;
const failureThresholdDefault = 3;

export function withAnswer(state: ProbeState, answer: Answer, probe: Probe): ProbeState {
  const run = state.last === answer ? state.run + 1 : 1;
  const threshold =
    answer === 'Success'
      ? (probe.successThreshold ?? successThresholdDefault)
      : (probe.failureThreshold ?? failureThresholdDefault);
  return { verdict: run >= threshold ? answer : state.verdict, last: answer, run };
}
