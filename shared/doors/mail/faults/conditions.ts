import type { RefusedMail } from './kinds.ts';

/** A refusal in the form that the rows compare. `code` is 0 and `enhanced` empty if there is none. */
export interface Refused {
  phase: RefusedMail['phase'];
  code: number;
  enhanced: string;
  text: string;
  isTemporary: boolean;
}

export type Condition = (refused: Refused) => boolean;

export const says =
  (words: RegExp) =>
  ({ text }: Refused): boolean =>
    words.test(text);
export const has =
  (codes: RegExp) =>
  ({ enhanced }: Refused): boolean =>
    codes.test(enhanced);
export const both =
  (...conditions: Condition[]) =>
  (refused: Refused): boolean =>
    conditions.every((condition) => condition(refused));
export const either =
  (...conditions: Condition[]) =>
  (refused: Refused): boolean =>
    conditions.some((condition) => condition(refused));
export const not =
  (condition: Condition) =>
  (refused: Refused): boolean =>
    !condition(refused);
export const isTemporary = ({ isTemporary: yes }: Refused) => yes;
export const isFinal = not(isTemporary);
export const at =
  (...phases: Refused['phase'][]) =>
  ({ phase }: Refused): boolean =>
    phases.includes(phase);
