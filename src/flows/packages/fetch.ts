import type { Lockfile } from '../../contract/lockfile.ts';
import { writeLockfile } from '../../packages/lockfile.ts';
import { runStep } from '../../progress/step.ts';
import { openConfig, type SaidOfConfig } from '../../workspace/open-config.ts';
import { readOverrides } from '../../workspace/overrides.ts';
import { type CurrentLock, chooseAnew, currentLock, packageRequest } from '../../workspace/package-lock.ts';
import type { Session } from '../../workspace/session.ts';
import { openWorkDirectory } from '../../workspace/work-directory.ts';

export interface FetchOptions extends SaidOfConfig {
  /** The work directory or one below it. */
  directory: string;
  /** Choose anew and write the config's lockfile. */
  updateLockfile: boolean;
  /** Packages that the config's lockfile does not have are an error. */
  strict?: boolean;
}

export interface FetchResult {
  lock: Lockfile;
  origin: CurrentLock['origin'];
  /** Path of the lockfile that was written. */
  written: string | undefined;
}

/**
 * Chooses versions, unless a lockfile gives them, and downloads the packages. Without a lockfile the repositories
 * are always asked: who fetches wants what is new.
 * @throws CosaError what {@link currentLock} and `PackageBackend.download` throw
 */
export async function fetchPackages(session: Session, options: FetchOptions): Promise<FetchResult> {
  const work = await openWorkDirectory(options.directory);
  const { config, backend, builder } = await openConfig(session, work, options, {
    refresh: true,
    ignoreLock: options.updateLockfile,
  });
  const overrides = await readOverrides(work.overrides, backend.overridesDirectory);
  const request = packageRequest(config, overrides.packages);
  const lockOptions = { config, backend, request, cacheDirectory: work.cache, strict: options.strict === true };
  const { lock, origin } = options.updateLockfile
    ? { lock: await chooseAnew(session, lockOptions), origin: 'resolved' as const }
    : await currentLock(session, lockOptions, { refresh: true });
  await using _packages = await runStep(session, 'download packages', (reporter) =>
    backend.download(request, lock, { cacheDirectory: work.cache, reporter }),
  );
  // Written last: a lockfile never names a package that was not to be had.
  if (options.updateLockfile) await writeLockfile(config.lockfilePath, { ...lock, builder });
  return { lock, origin, written: options.updateLockfile ? config.lockfilePath : undefined };
}
