import type { ObjectStore } from '../object-store.ts';
import type { StoreEnvironment, StoreOptions } from '../store-environment.ts';

/** A kind of object stores, and how their URLs are written. */
export interface StoreScheme {
  /** As in the URL, without its colon. */
  readonly scheme: string;
  /** How its URLs are written, for hints. */
  readonly form: string;
  /**
   * Opens a store. Asks no server and touches no file yet.
   * @param text what stands behind `SCHEME://`
   * @throws CosaError `STORE_URL` (exit 2)
   */
  open(text: string, options: StoreOptions, environment: StoreEnvironment): Promise<ObjectStore>;
}
