/** Runs asynchronous actions one after the other, in the order in which they were asked for. */
export interface Turns {
  /**
   * @returns the action's result
   * @throws what the action throws, or one before it threw
   */
  run<T>(action: () => Promise<T>): Promise<T>;
}

export function turns(): Turns {
  let before: Promise<unknown> = Promise.resolve();
  return {
    run(action) {
      const result = before.then(action);
      // Whoever has asked gets the error; until then a failure must not count as unhandled.
      result.catch(() => undefined);
      before = result;
      return result;
    },
  };
}
