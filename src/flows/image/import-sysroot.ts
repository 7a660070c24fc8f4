import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DirectoryCache } from '../../cache/directories.ts';
import { stepKey } from '../../cache/key.ts';
import {
  type Deployment,
  deploy,
  deploymentTree,
  initSysroot,
  type Sysroot,
  sysrootAt,
} from '../../disk/by-host/deploy.ts';
import { unpackToRepository } from '../../ostree/unpack/bare-repository.ts';
import { type Pipeline, runCachedStep } from '../../progress/step.ts';
import type { AdmittedImage } from '../../workspace/resolve-image.ts';
import type { SourceContainer } from './source-container.ts';

/** A deployed container, ready to be put on disks. */
export interface ImportedContainer {
  sysroot: Sysroot;
  /** The deployment's tree. */
  tree: string;
  commit: string;
}

/** Beside the sysroot: the checksum of its commit. */
const commitFile = 'commit';

/**
 * Imports and deploys a container, verified; platforms share the result, which is kept in the cache by digest.
 * @param cache of sysroots: what it gives stays as long as it is open
 * @throws CosaError what `unpackToRepository` and `deploy` throw
 */
export async function importSysroot(
  pipeline: Pipeline,
  { reference, image }: AdmittedImage,
  container: SourceContainer,
  cache: DirectoryCache,
): Promise<ImportedContainer> {
  const key = stepKey('sysroot/2', { digest: container.digest, name: container.name, version: container.version });

  const deploymentOf = (commit: string): Deployment => ({
    stateroot: container.name,
    commit,
    version: container.version,
    container: container.digest,
  });

  const directory = await runCachedStep(
    pipeline,
    'import container',
    () => cache.find(key),
    (reporter) =>
      cache.fill(key, async (temporary) => {
        const sysroot = await initSysroot(temporary);
        const ref = 'ostree/container/image';
        const commit = await unpackToRepository(reference.reader, image, sysroot.repository, ref, reporter);
        reporter.note('verified');
        await deploy(sysroot, deploymentOf(commit), reporter);
        await writeFile(join(temporary, commitFile), commit);
      }),
  );
  const sysroot = sysrootAt(directory);
  const commit = await readFile(join(directory, commitFile), 'utf8');
  return { sysroot, tree: deploymentTree(sysroot, deploymentOf(commit)), commit };
}
