/** Plays a scenario and answers with what it printed. */
import type { Component } from '../../src/testing/simulation.ts';
import { type Arguments, parseArguments } from './arguments.ts';
import { commands } from './commands.ts';
import { Session } from './session.ts';
import type { Scenario } from './transcript.ts';

/** What `start with=controllers,scheduler` can add to simulated nodes. */
export type Components = Readonly<Record<string, () => Component>>;

/** `start nodes=2 seed=7 with=controllers` */
async function start({ pairs }: Arguments, components: Components): Promise<Session> {
  const number = (name: string, otherwise: number) => Number(pairs.get(name) ?? otherwise);
  const names = (pairs.get('with') ?? '').split(',').filter((name) => name !== '');
  const wanted = names.map((name) => {
    const make = components[name];
    if (make === undefined) throw new Error(`there is no component ${name}`);
    return make();
  });
  return Session.open({ nodes: number('nodes', 1), seed: number('seed', 1), components: wanted });
}

async function runCommand(session: Session, given: Arguments): Promise<string> {
  const command = Object.hasOwn(commands, given.command) ? commands[given.command] : undefined;
  if (command === undefined) throw new Error(`there is no command ${given.command}`);
  return command(session, given);
}

/** The scenario with the outputs that it has now. The first command starts the cluster. */
export async function playScenario(scenario: Scenario, components: Components = {}): Promise<Scenario> {
  let session: Session | undefined;
  const steps = [];
  try {
    for (const step of scenario.steps) {
      let output = '';
      for (const [index, line] of step.commands.entries()) {
        const isLast = index === step.commands.length - 1;
        const given = parseArguments(line, isLast ? step.input : '');
        try {
          if (session === undefined) session = await start(given, components);
          else output += await runCommand(session, given);
        } catch (error) {
          output += `${(error as Error).message}\n`;
        }
        for (const change of session?.takeLines() ?? []) output += `${change}\n`;
      }
      steps.push({ ...step, expected: output });
    }
    const violations = session?.violations(false) ?? [];
    if (violations.length > 0) throw new Error(`${scenario.file}: ${violations.join('\n')}`);
    return { ...scenario, steps };
  } finally {
    await session?.close();
  }
}
