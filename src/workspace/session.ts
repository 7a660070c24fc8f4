import type { Registries } from '../oci/registries.ts';
import type { Pipeline } from '../progress/step.ts';
import type { StoreSession } from '../publish/store-environment.ts';

/** What the flows of one command share: steps report to it, and registries and object stores are opened with it. */
export interface Session extends Pipeline, StoreSession {
  readonly registries: Registries;
}
