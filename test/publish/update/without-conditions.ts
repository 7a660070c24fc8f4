import type { ObjectStore } from '../../../src/publish/object-store.ts';

/** A store as it would be if it could not write under a condition, and did not notice that it was asked to. */
export function withoutConditions(store: ObjectStore): ObjectStore {
  return {
    ...store,
    honoursConditions: async () => false,
    put: (key, bytes, headers, { signal } = {}) => store.put(key, bytes, headers, { signal }),
  };
}
