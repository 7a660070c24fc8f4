import type { ImageName } from './image-name.ts';
import type { Registries, Repository } from './registries.ts';
import type { Selector } from './selector.ts';
import type { ContentReader, ContentStore } from './store.ts';

/**
 * Where images lie: what a reference names, without the tag or digest. What differs from one transport to another stands
 * here as something that a place can do or says of itself; nobody asks for a transport by its name.
 */
export interface Place {
  /** The transport's name as policies have it. */
  readonly transport: string;
  /** A reference to one image of it, or to the place alone. Paths in it are absolute. */
  format(selector?: Selector): string;
  /**
   * Opens it for reading.
   * @throws CosaError {@link missingCode}, and what the transport's reader throws
   */
  open(registries: Registries): Promise<ContentReader>;
  /**
   * Opens it for writing, and makes it if it is missing. What was written is complete when the store is disposed.
   * @throws CosaError what the transport's store throws
   */
  openForWriting(registries: Registries): Promise<ContentStore & AsyncDisposable>;
  /**
   * The scopes of a policy that an image falls into, the most specific first; the transport's own, "", is not among
   * them. The place must exist.
   */
  policyScopes(selector: Selector): Promise<readonly string[]>;

  /** The tag that a reference with neither tag nor digest means; without it, that is the only image of the place. */
  readonly defaultTag?: string;
  /** The code of the error that {@link open} throws where nothing is; without it, a missing place looks like an empty one. */
  readonly missingCode?: string;
  /**
   * True if a manifest that is there has all that it names, as with a registry, which takes no other. Files may be
   * damaged or gone, and it costs little to look.
   */
  readonly keepsManifestsWhole?: boolean;
  /** True if `setTags` compares and sets in one step: of two writers one fails. */
  readonly setsTagsAtomically?: boolean;
  /** The directory of a layout: its files can be checked, repaired and pruned. */
  readonly layout?: string;
  /** The repository that another one of the same registry may take blobs from. */
  readonly mountSource?: { readonly host: string; readonly repository: string };
  /** The name by which an image of it is asked for, and which signatures are for. Elsewhere images have none. */
  imageName?(selector: Selector): ImageName;
  /** Opens it to remove manifests one by one. */
  openForDeleting?(registries: Registries): Promise<Repository>;
}

export function isSamePlace(a: Place, b: Place): boolean {
  return a.format() === b.format();
}
