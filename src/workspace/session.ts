import type { Registries } from '../oci/registries.ts';
import type { Pipeline } from '../progress/step.ts';

/** What the flows of one command share: steps report to it, and references to registries are opened with it. */
export interface Session extends Pipeline {
  readonly registries: Registries;
}
