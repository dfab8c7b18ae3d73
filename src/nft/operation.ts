/** Changes of a table as data; a list of them is one transaction. */
import type { Chain, SetSpec } from './table.ts';

export type Operation =
  /** Made or kept. */
  | { readonly type: 'addTable' }
  /** There or not. */
  | { readonly type: 'destroyTable' }
  | { readonly type: 'addSet'; readonly set: string; readonly spec: SetSpec }
  | { readonly type: 'deleteSet'; readonly set: string }
  /** Without its rules, so that chains and maps may name each other. */
  | { readonly type: 'addChain'; readonly chain: string; readonly base?: Chain['base'] }
  /** All rules of the chain anew. */
  | { readonly type: 'setRules'; readonly chain: string; readonly rules: Chain['rules'] }
  /** Its rules must be gone, and nobody may lead to it. */
  | { readonly type: 'deleteChain'; readonly chain: string }
  | {
      readonly type: 'addElements';
      readonly set: string;
      readonly elements: readonly (readonly [string, string])[];
    }
  | {
      readonly type: 'deleteElements';
      readonly set: string;
      readonly elements: readonly (readonly [string, string])[];
    };
