import { stepKey } from '../../../cache/key.ts';
import { configFingerprint } from '../../../config/fingerprint.ts';
import type { Config } from '../../../config/load.ts';
import { type ConfigSource, describeConfigSource } from '../../../config/source.ts';
import type { Lockfile } from '../../../contract/lockfile.ts';
import type { PackageBackend, PackageRequest } from '../../../packages/backend.ts';
import { openConfig, type SaidOfConfig } from '../../../workspace/open-config.ts';
import { type Overrides, readOverrides } from '../../../workspace/overrides.ts';
import { currentLock, packageRequest } from '../../../workspace/package-lock.ts';
import type { Session } from '../../../workspace/session.ts';
import type { WorkDirectory } from '../../../workspace/work-directory.ts';
import { buildTimestamp } from './timestamp.ts';

/** Raised when the same inputs make another container than before: it is part of every input hash. */
const formatVersion = 3;

/** Everything that a container is made of, read and checked; the previous container comes on top. */
export interface BuildInputs {
  config: Config;
  backend: PackageBackend;
  request: PackageRequest;
  lock: Lockfile;
  overrides: Overrides;
  /** The config's place in git, if it has one. */
  source: ConfigSource | undefined;
  stream: string;
  /** Seconds since the epoch; see {@link buildTimestamp}. */
  timestamp: number;
  /** Hex sha256 over all inputs by content: equal hashes, equal containers but for version and revision. */
  inputHash: string;
}

/** What else goes into the container, besides what the work directory says. */
export interface BuildParameters extends SaidOfConfig {
  maxLayers: number;
  compression: 'zstd' | 'gzip';
  /** Packages that the config's lockfile does not have are an error. */
  strict?: boolean;
}

/** Streams are tags; a config without `variables.stream` gets this one. */
const defaultStream = 'latest';

/**
 * Reads all inputs of a build. Packages are chosen if no lock says which, nothing is downloaded otherwise.
 * @throws CosaError what the config, {@link currentLock} and {@link buildTimestamp} throw
 */
export async function readBuildInputs(
  session: Session,
  work: WorkDirectory,
  parameters: BuildParameters,
): Promise<BuildInputs> {
  const { config, backend, builder } = await openConfig(session, work, parameters);
  const overrides = await readOverrides(work.overrides, backend.overridesDirectory);
  const request = packageRequest(config, overrides.packages);
  const { lock } = await currentLock(session, {
    ...{ config, backend, request, cacheDirectory: work.cache },
    strict: parameters.strict === true,
  });
  const source = await describeConfigSource(work.config);
  return {
    config,
    backend,
    request,
    lock: builder === undefined ? lock : { ...lock, builder },
    overrides,
    source,
    stream: config.stream ?? defaultStream,
    timestamp: buildTimestamp(process.env.SOURCE_DATE_EPOCH, source?.commitTime, lock.repositoryTimestamp),
    inputHash: stepKey(`container/${formatVersion}`, {
      config: await configFingerprint(config),
      // Not the repositories' date: the same packages are the same input.
      packages: lock.packages.map(({ name, version, architecture, sha256 }) => [name, version, architecture, sha256]),
      overrides: overrides.fingerprint,
      parameters: { maxLayers: parameters.maxLayers, compression: parameters.compression },
    }),
  };
}
