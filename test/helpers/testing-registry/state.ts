import { type Digest, isDigest } from '../../../src/lib/digest.ts';
import type { Storage, StoredUpload } from './storage.ts';

/** What a registry holds. */
export interface State {
  storage: Storage;
  repositories: Map<string, RepositoryState>;
  uploads: Map<string, { repository: string; stored: StoredUpload }>;
}

export interface RepositoryState {
  blobs: Set<Digest>;
  manifests: Map<Digest, StoredManifest>;
  tags: Map<string, Digest>;
}

export interface StoredManifest {
  mediaType: string;
  bytes: Buffer;
  subject: Digest | undefined;
  artifactType: string | undefined;
  annotations: Readonly<Record<string, string>> | undefined;
}

/** How a registry behaves where registries differ. A test may change it while the registry runs. */
export interface Behaviour {
  /** `GET referrers/DIGEST` and the header `OCI-Subject`. */
  referrersApi: boolean;
  /** The filter `artifactType` of the referrers API; without it, everything is answered and the header is missing. */
  referrersFilter: boolean;
  /** `If-Match` and `If-None-Match` on a manifest's PUT; otherwise they are ignored. */
  conditionalPut: boolean;
  /** DELETE of manifests and blobs; otherwise 405. */
  deletion: boolean;
  /** `?mount=`; otherwise an upload begins. */
  mount: boolean;
  /** `Range` on blobs; otherwise the whole blob is answered. */
  ranges: boolean;
  /** Addresses in `Location` without scheme and host. */
  relativeLocations: boolean;
  /** Most entries of one page of tags or referrers. */
  pageSize: number;
  /** The header `Docker-Content-Digest` of manifests. */
  digestHeader: boolean;
}

export const usualBehaviour: Behaviour = {
  referrersApi: true,
  referrersFilter: true,
  conditionalPut: true,
  deletion: true,
  mount: true,
  ranges: true,
  relativeLocations: false,
  pageSize: 1000,
  digestHeader: true,
};

/** The repository, made if it is new: as registries do at the first push. */
export function repositoryOf(state: State, name: string): RepositoryState {
  const existing = state.repositories.get(name);
  if (existing !== undefined) return existing;
  const made: RepositoryState = { blobs: new Set(), manifests: new Map(), tags: new Map() };
  state.repositories.set(name, made);
  return made;
}

/** The manifest that a tag or digest names, if it is there. */
export function findManifest(
  repository: RepositoryState | undefined,
  reference: string,
): { digest: Digest; manifest: StoredManifest } | undefined {
  const digest = isDigest(reference) ? reference : repository?.tags.get(reference);
  const manifest = digest === undefined ? undefined : repository?.manifests.get(digest);
  return digest === undefined || manifest === undefined ? undefined : { digest, manifest };
}
