import type { Tool } from '../../exec/tools.ts';
import type { Reporter } from '../../progress/reporter.ts';

/** Something that is made of other things and kept: what a request comes to is a graph of these. */
export interface Artifact<Result> {
  /** Tells it from all others of a request: equal ones are made once. */
  readonly id: string;
  /** What making it is called, as a step of the flow: "make qemu image". */
  readonly title: string;
  /** What must be there before it can be made; not asked for where it is kept. */
  readonly needs: readonly Artifact<unknown>[];
  /** Programs that the host must have. */
  readonly tools: readonly Tool[];
  /** Names of the files that it leaves in the images' directory. */
  readonly outputs: readonly string[];
  /** Hash of everything that goes in. */
  readonly key: string;
  /** What is kept of it under its key, verified; `undefined` if it has to be made. */
  find(): Promise<Result | undefined>;
  /**
   * Makes it, and keeps it. Its place gets it as a whole or not at all.
   * @param made gives the result of one of `needs`
   */
  make(made: MadeArtifacts, reporter: Reporter): Promise<Result>;
}

export type MadeArtifacts = <Result>(artifact: Artifact<Result>) => Result;
