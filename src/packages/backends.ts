import type { PackageBackend } from './backend.ts';
import { debBackend } from './deb.ts';
import { rpmBackend } from './rpm.ts';

/** The package families. A new one is a file beside this one and an entry here. */
export const backends: readonly PackageBackend[] = [debBackend, rpmBackend];

/** The family whose repository files end with `extension` (with the dot), or `undefined`. */
export function backendFor(extension: string): PackageBackend | undefined {
  return backends.find(({ repositoryExtension }) => repositoryExtension === extension);
}
