import type { LintedContainer } from './container.ts';

/** Something that must, or should, be true of a container that machines boot. */
export interface Rule {
  /** That of `bootc container lint`, where it has the rule, too. */
  readonly name: string;
  /** An error if systems of the container would not install, boot or update; else a warning. */
  readonly level: 'error' | 'warning';
  /** Who asks for it. */
  readonly source: 'bootc' | 'cosa';
  /** What is true when it holds, as a clause: "/boot is empty". */
  readonly claim: string;
  /** What to do where it does not hold: one imperative sentence. */
  readonly advice: string;
  /** What is wrong, a line each; nothing if it holds. */
  check(container: LintedContainer): readonly string[];
}
