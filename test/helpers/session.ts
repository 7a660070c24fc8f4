import { createRegistries } from '../../src/oci/registry.ts';
import { createPipeline } from '../../src/progress/step.ts';
import type { Session } from '../../src/workspace/session.ts';

/** A session that shows nothing and knows no credentials. */
export function silentSession(): Session {
  return {
    ...createPipeline(() => undefined, new AbortController().signal),
    registries: createRegistries({}, { environment: {} }),
    stores: { environment: {} },
  };
}
