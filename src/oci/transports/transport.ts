import type { Place } from '../place.ts';
import type { ScopeSyntax } from '../policy/scopes.ts';
import type { Refuse, Selector } from '../selector.ts';

/** A parsed image reference, as people write it on the command line. */
export interface Reference extends Selector {
  /** A bare name, which names no place: a tag, version or digest prefix in the work directory's `oci/`. */
  name?: string;
  /** @param workDirectory where `oci/` lies, and what relative paths start from */
  placeIn(workDirectory: string): Place;
}

/** A kind of places, and how references to them are written. */
export interface Transport {
  /** As policies have it. */
  readonly name: string;
  /** What its references begin with; the last transport has none, and takes what no other takes. */
  readonly prefix: string;
  /** How its references are written, for hints. */
  readonly form: string;
  /**
   * Understands a reference. Touches no file.
   * @param text what stands behind the prefix
   * @throws what `refuse` makes
   */
  parse(text: string, refuse: Refuse): Reference;
  /**
   * Finds an image under a name that is no tag, in files that other tools wrote.
   * @param text what stands behind the prefix
   * @returns `undefined` if it is an ordinary reference
   */
  findByName?(text: string, workDirectory: string): Promise<Reference | undefined>;
  /** The scopes that a policy may have for its places. */
  readonly scopes?: ScopeSyntax;
}
