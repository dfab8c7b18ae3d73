/** `/run`: a command without a terminal or streams, and all it wrote. Source: RunInContainer of kubelet/kuberuntime. */
import { Refusal } from './answer.ts';
import { podOf, runningContainer, type StreamServing } from './stream-address.ts';

/** Throws a Refusal, also when the command failed. */
export async function runCommand(
  serving: StreamServing,
  asked: Parameters<typeof podOf>[1] & { container: string; query: URLSearchParams },
): Promise<string> {
  const id = await runningContainer(serving, podOf(serving.pods, asked), asked);
  // For legacy reasons, as upstream says: one parameter, cut at its spaces.
  const command = (asked.query.get('cmd') ?? '').split(' ');
  const { stdout, stderr, exitCode } = await serving.runtime.streams.execSync(id, command, 0);
  if (exitCode !== 0)
    throw new Refusal(500, `command '${command.join(' ')}' exited with ${exitCode}: ${stderr}`);
  return `${stdout}${stderr}`;
}
