import { UserError } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { checkNft } from '../../nft/check.ts';

/** Looks as a node's agent does before its first rule: what `up` finds out, nobody has to read in a node's log. */
export async function whyNoNftables(exec: Exec): Promise<string[]> {
  try {
    await checkNft(exec, { families: ['ip'] });
    return [];
  } catch (failure) {
    if (failure instanceof UserError) return [failure.message];
    throw failure;
  }
}
