import { createRegistries } from '../../src/oci/registry/registries.ts';
import type { Session } from '../../src/workspace/session.ts';

/** A session that shows nothing and knows no credentials. */
export function silentSession(): Session {
  return {
    events: () => undefined,
    signal: new AbortController().signal,
    registries: createRegistries({}, { environment: {} }),
  };
}
