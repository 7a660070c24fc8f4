import { CosaError } from '../lib/errors.ts';
import { type Problem, problemsError, problemsOf } from '../lib/problems.ts';

/** What becomes of a mistake in a config: it ends the reading, or is kept, and what it is in is left out. */
export interface Mistakes {
  /** @throws CosaError the error itself, where it ends the reading */
  note(error: CosaError): void;
}

/** The first mistake ends the reading. */
export const endAtFirst: Mistakes = {
  note(error) {
    throw error;
  },
};

/** Keeps all mistakes. */
export function keepMistakes(): Mistakes & { problems: Problem[] } {
  const problems: Problem[] = [];
  return { problems, note: (error) => problems.push(...problemsOf(error)) };
}

/** Notes problems that were found together as one error; none if there are none. */
export function noteAll(mistakes: Mistakes, problems: readonly Problem[]): void {
  const [first, ...others] = problems;
  if (first !== undefined) mistakes.note(problemsError([first, ...others]));
}

/**
 * Does a part of the reading that others do not depend on.
 * @returns `undefined` if there was a mistake, and it did not end the reading
 */
export async function attempt<T>(mistakes: Mistakes, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CosaError)) throw error;
    mistakes.note(error);
    return undefined;
  }
}

/** As {@link attempt}, for what waits for nothing. */
export function attemptNow<T>(mistakes: Mistakes, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CosaError)) throw error;
    mistakes.note(error);
    return undefined;
  }
}
