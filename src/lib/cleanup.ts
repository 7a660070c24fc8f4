/** What must be undone, collected while something is built up. Node 20 has no AsyncDisposableStack. */
export interface Cleanup extends AsyncDisposable {
  /** Adds a step to what is to be undone. */
  defer(undo: () => unknown): void;
}

/** An empty list of things to undo. Disposing of it runs them, the last one first, all of them even if one fails. */
export function createCleanup(): Cleanup {
  const steps: (() => unknown)[] = [];
  return {
    defer: (undo) => void steps.push(undo),
    async [Symbol.asyncDispose]() {
      const failures: unknown[] = [];
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        try {
          await step();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
