/** Why a Service cannot have what it asks for. */
import type { FieldError } from '../kinds/field.ts';

export type Failure =
  /** The user asked for something that is not to be had (422). */
  | { readonly type: 'refused'; readonly errors: FieldError[] }
  /** There is nothing left to give (500, as upstream answers). */
  | { readonly type: 'internal'; readonly message: string };

export const refused = (errors: FieldError[]): Failure => ({ type: 'refused', errors });

export const internal = (message: string): Failure => ({ type: 'internal', message });
