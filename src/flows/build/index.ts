import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from '../../exec/lock.ts';
import { usageError } from '../../lib/errors.ts';
import type { Image } from '../../oci/image.ts';
import { openLayoutForWriting } from '../../oci/layout.ts';
import type { LocalStore } from '../../oci/store.ts';
import { type Pipeline, runStep } from '../../pipeline/step.ts';
import type { WorkDirectory } from '../work-directory.ts';
import { makeContainer } from './container.ts';
import { type BuildInputs, readBuildInputs } from './inputs.ts';
import { labelNames } from './labels.ts';
import type { BuildOptions } from './options.ts';
import { candidateTag, findPrevious, labelOf } from './previous.ts';
import { type BuildResult, builtResult, unchangedResult } from './result.ts';
import { checkVersion, nextVersion } from './version.ts';

/**
 * Makes the next OS container of a work directory from its config, packages and the previous container, and tags
 * it with its version and as the stream's candidate. If no input has changed, nothing is downloaded, unpacked or
 * written. Must run as root or namespace root.
 * @throws CosaError what the config, the package backend, the rootfs steps and the layout throw
 */
export async function buildContainer(
  pipeline: Pipeline,
  work: WorkDirectory,
  options: BuildOptions,
): Promise<BuildResult> {
  // Two builds in one work directory: the second waits, and mostly finds its work done.
  await using _lock = await lockFile(join(work.cache, 'build.lock'));
  const inputs = await readBuildInputs(pipeline, work, options);
  await using store = await openLayoutForWriting(work.oci);
  const previous = await findPrevious(store, inputs.stream, options.previous, work.settings.upstream !== undefined);
  const tags = [candidateTag(inputs.stream), ...options.tags];
  if (previous !== undefined && !options.force && isUnchanged(previous, inputs, options.version)) {
    await setTags(store, tags, previous);
    return unchangedResult(previous);
  }
  const version = await chooseVersion(store, inputs, previous, options);
  await using scratch = await scratchDirectory(work.cache);
  const image = await makeContainer(pipeline, {
    work,
    inputs,
    version,
    previous,
    store,
    scratch: scratch.path,
    options,
  });
  return await runStep(pipeline, 'tag container', async (reporter) => {
    await store.setTags([version, ...tags], image.descriptor);
    reporter.note([version, ...tags].join(', '));
    return builtResult(image, version, previous);
  });
}

function isUnchanged(previous: Image, inputs: BuildInputs, version: string | undefined): boolean {
  return (
    labelOf(previous, labelNames.inputHash) === inputs.inputHash &&
    (version === undefined || version === labelOf(previous, labelNames.version))
  );
}

/** Sets only those tags that do not point there yet, so that an unchanged build writes nothing at all. */
async function setTags(store: LocalStore, tags: readonly string[], image: Image): Promise<void> {
  const present = await store.listTags();
  const missing = tags.filter((tag) => present.get(tag)?.digest !== image.descriptor.digest);
  if (missing.length > 0) await store.setTags(missing, image.descriptor);
}

async function chooseVersion(
  store: LocalStore,
  inputs: BuildInputs,
  previous: Image | undefined,
  options: BuildOptions,
): Promise<string> {
  const wanted = options.version;
  if (wanted === undefined) {
    const prefix = inputs.config.treefile['automatic-version-prefix'];
    if (prefix === undefined) {
      throw usageError('VERSION_MISSING', 'nothing says which version this build gets', {
        hint: 'set automatic-version-prefix in manifest.yaml, or pass --version',
      });
    }
    return nextVersion(prefix, inputs.timestamp, labelOf(previous, labelNames.version));
  }
  checkVersion(wanted);
  if (!options.force && (await store.resolveTag(wanted)) !== undefined) {
    throw usageError('VERSION_TAKEN', `there is a build ${wanted} in oci/ already, of other inputs`, {
      hint: 'choose another version, or replace that build with --force',
    });
  }
  return wanted;
}

/** A directory for the tree that is being assembled. What a killed build left goes first: the build lock is held. */
async function scratchDirectory(cache: string): Promise<{ path: string } & AsyncDisposable> {
  const base = join(cache, 'scratch');
  await rm(base, { recursive: true, force: true });
  await mkdir(base, { recursive: true });
  const path = await mkdtemp(join(base, 'build-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
