import { lstat, realpath, rename, symlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { manifestNames } from '../../config/base-manifest.ts';
import { selectConfig } from '../../config/selection.ts';
import { describeConfigSource, isGitUrl, publicUrl } from '../../config/source.ts';
import type { VariableValue } from '../../config/substitute.ts';
import { labelNames } from '../../contract/labels.ts';
import { isStreamName } from '../../contract/tags.ts';
import { openScratch, type Scratch } from '../../exec/scratch.ts';
import { gitCheckout, gitClone } from '../../exec/tools/git.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { usageError, verificationError } from '../../lib/errors.ts';
import { isDirectory } from '../../lib/files.ts';
import { exists, ifExists } from '../../lib/if-exists.ts';
import { type Image, readImage } from '../../oci/image.ts';
import { openReference } from '../../oci/open.ts';
import { hostPlatform } from '../../oci/platform.ts';
import { admitImage } from '../../oci/policy.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { runStep } from '../../progress/step.ts';
import { streamOf } from '../../workspace/open-config.ts';
import type { Session } from '../../workspace/session.ts';
import { streamOfContainer } from '../../workspace/upstream.ts';
import {
  readSettings,
  type WorkDirectory,
  type WorkDirectorySettings,
  workDirectoryAt,
  writeSettings,
} from '../../workspace/work-directory.ts';

export interface InitOptions {
  /** What becomes the work directory; made if missing. */
  directory: string;
  /** A git URL, a git repository or a config directory. Without one, `ostree` must tell. */
  source?: string | undefined;
  branch?: string | undefined;
  stream?: string | undefined;
  /** Of a config that has several: which one is built. */
  variant?: string | undefined;
  /** Variables of the config, and what it builds upon, for all commands in the work directory. */
  variables?: ReadonlyMap<string, VariableValue>;
  baseManifest?: string | undefined;
  /** The container that the first build follows on. */
  ostree?: string | undefined;
  /** Replace the config and the settings of a work directory. */
  force: boolean;
}

/** A work directory that has just been made. */
export interface InitializedWorkDirectory extends WorkDirectory {
  /** What builds are for: as the settings say, or else the config; `undefined` where neither does. */
  stream: string | undefined;
  /** The same of the work directory that was replaced, where there was one. */
  formerStream: string | undefined;
}

/** Where the config is taken from. */
type Origin =
  | { kind: 'clone'; url: string; branch: string | undefined; revision: string | undefined }
  | { kind: 'link'; directory: string };

/**
 * Makes a work directory: `src/config` and, last of all, `cosa.json`. Whatever else is there stays. Of an upstream
 * container only manifest and config are read; it is recorded by its digest, and stays where it is. Its stream becomes
 * that of the work directory unless `stream` says otherwise.
 * @throws CosaError `WORK_DIRECTORY_EXISTS`, `INIT_SOURCE`, `INIT_STREAM` (exit 2), `ANNOTATION_MISSING`, `ANNOTATION_INVALID`
 *   (exit 4), what {@link openReference} and {@link admitImage} throw, `TOOL_FAILED` with git's words
 */
export async function initWorkDirectory(session: Session, options: InitOptions): Promise<InitializedWorkDirectory> {
  const work = workDirectoryAt(options.directory, { config: { source: '' } });
  if (options.stream !== undefined && !isStreamName(options.stream)) {
    throw usageError('INIT_STREAM', `--stream: "${options.stream}" cannot be a stream's name: it becomes a tag`, {
      hint: 'use letters, digits, dots, dashes and underscores',
    });
  }
  if (!options.force) await refuseToOverwrite(work);
  const formerStream = await streamOfFormer(work);
  const upstream = options.ostree === undefined ? undefined : await readUpstream(session, work, options.ostree);
  const stream =
    options.stream ??
    (upstream === undefined ? undefined : streamOfContainer(upstream.image, upstream.settings.reference));
  const origin = await chooseOrigin(upstream, options);
  const title = origin.kind === 'clone' ? 'clone config' : 'link config';
  await runStep(session, title, async (reporter) => {
    await makeDirectory(dirname(work.config));
    await (origin.kind === 'clone'
      ? placeClone({ ...origin, variant: options.variant }, work, reporter)
      : placeLink(origin.directory, work));
    reporter.note(origin.kind === 'clone' ? (publicUrl(origin.url) ?? origin.url) : origin.directory);
  });
  const settings = {
    config: {
      source: origin.kind === 'clone' ? (publicUrl(origin.url) ?? resolve(origin.url)) : origin.directory,
      branch: options.branch,
      revision: (await describeConfigSource(work.config))?.revision,
    },
    upstream: upstream?.settings,
    stream,
    variant: options.variant,
    ...(options.variables?.size ? { variables: Object.fromEntries(options.variables) } : {}),
    baseManifest: options.baseManifest,
  };
  // Before anything is written: a mistyped name would be found by the first build.
  if (options.variant !== undefined) await selectConfig(work.config, { variant: options.variant });
  await writeSettings(work.root, settings);
  const made = { ...work, settings };
  return { ...made, stream: await streamOf(made), formerStream };
}

async function streamOfFormer(work: WorkDirectory): Promise<string | undefined> {
  const settings = await readSettings(work.root);
  return settings && streamOf({ ...work, settings });
}

async function refuseToOverwrite(work: WorkDirectory): Promise<void> {
  const settings = await readSettings(work.root);
  const config = await ifExists(lstat(work.config));
  if (settings === undefined && config === undefined) return;
  const what = settings === undefined ? 'has a src/config' : `is a work directory, of ${settings.config.source}`;
  throw usageError('WORK_DIRECTORY_EXISTS', `${work.root} already ${what}`, {
    hint: 'with --force its config and settings are replaced; containers and images stay',
  });
}

async function chooseOrigin(upstream: Upstream | undefined, options: InitOptions): Promise<Origin> {
  const { source } = options;
  if (source !== undefined) return sourceOrigin(options, source);
  if (upstream !== undefined) return originOf(upstream.image, upstream.settings.reference);
  throw usageError('INIT_SOURCE', 'nothing says where the config is', {
    hint: 'name a git URL or a directory: cosa init SOURCE',
  });
}

interface Upstream {
  settings: NonNullable<WorkDirectorySettings['upstream']>;
  image: Image;
}

/** Resolves the reference once: what its tag points to tomorrow is another container. */
async function readUpstream(session: Session, work: WorkDirectory, reference: string): Promise<Upstream> {
  const { opened, image } = await runStep(session, 'read upstream container', async (reporter) => {
    const opened = await openReference(reference, work.root, session.registries);
    const image = await readImage(opened.reader, opened.descriptor, hostPlatform());
    const version = image.config.config?.Labels?.[labelNames.version];
    reporter.note([version, opened.descriptor.digest].filter(Boolean).join(', '));
    return { opened, image };
  });
  await admitImage(session, work.root, opened, image.descriptor);
  return { settings: { reference, digest: opened.descriptor.digest }, image };
}

/** The config that a container was built from, at that commit. */
function originOf({ manifest }: Image, reference: string): Origin {
  const url = manifest.annotations?.[labelNames.source];
  const revision = manifest.annotations?.[labelNames.revision]?.replace(/-dirty$/, '');
  if (url === undefined || revision === undefined) {
    throw verificationError('ANNOTATION_MISSING', `${reference} does not say which config it was built from`, {
      hint: `name the config too: cosa init --ostree ${reference} SOURCE`,
    });
  }
  // The container is not trusted: only other machines' repositories, and only a commit's name.
  if (publicUrl(url) === undefined || !/^(?:https?|ssh|git):\/\/|^[^/]*:(?!\/\/)/.test(url)) {
    throw verificationError('ANNOTATION_INVALID', `${reference} names "${url}" as its source, which is no git URL`);
  }
  if (!/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(revision)) {
    throw verificationError('ANNOTATION_INVALID', `${reference} names "${revision}" as its revision, no git commit`);
  }
  return { kind: 'clone', url, branch: undefined, revision };
}

async function sourceOrigin({ branch, variant }: InitOptions, source: string): Promise<Origin> {
  const directory = resolve(source);
  if (!(await isDirectory(directory))) {
    if (isGitUrl(source)) return { kind: 'clone', url: source, branch, revision: undefined };
    throw usageError('INIT_SOURCE', `"${source}" is neither a directory nor a git URL`, {
      hint: 'for example: https://example.com/os.git, git@example.com:os.git, or ../my-config',
    });
  }
  // A branch of a local repository cannot be linked to, and a bare repository has no files.
  const repository = await ifExists(lstat(join(directory, '.git')));
  const bare = repository === undefined && (await exists(join(directory, 'objects')));
  if (bare || (repository !== undefined && branch !== undefined)) {
    return { kind: 'clone', url: directory, branch, revision: undefined };
  }
  if (branch !== undefined) {
    throw usageError('INIT_SOURCE', `${directory} is no git repository: it has no branch "${branch}"`);
  }
  if (!(await hasManifest(directory, variant))) throw noManifest(directory);
  return { kind: 'link', directory };
}

async function placeClone(
  origin: Extract<Origin, { kind: 'clone' }> & { variant: string | undefined },
  work: WorkDirectory,
  reporter: Reporter,
): Promise<void> {
  await using scratch = await openScratch(dirname(work.config));
  const clone = join(scratch.path, 'config');
  const onStderrLine = (line: string) => reporter.log(line);
  await gitClone(origin.url, clone, { branch: origin.branch, signal: reporter.signal, onStderrLine });
  if (origin.revision !== undefined) await gitCheckout(clone, origin.revision, reporter.signal);
  if (!(await hasManifest(clone, origin.variant))) throw noManifest(publicUrl(origin.url) ?? origin.url);
  await replaceConfig(clone, work, scratch);
}

async function placeLink(directory: string, work: WorkDirectory): Promise<void> {
  // A config that was put into its place by hand stays there.
  if (directory === work.config && (await ifExists(lstat(work.config)))?.isDirectory()) return;
  const target = await realpath(directory);
  const present = await ifExists(lstat(work.config));
  if (present?.isDirectory() && `${target}${sep}`.startsWith(`${await realpath(work.config)}${sep}`)) {
    throw usageError('INIT_SOURCE', `${directory} lies in ${work.config}, which would be replaced`);
  }
  await using scratch = await openScratch(dirname(work.config));
  const link = join(scratch.path, 'config');
  await symlink(target, link);
  await replaceConfig(link, work, scratch);
}

/** Puts a new config into its place; what was there is removed last. */
async function replaceConfig(config: string, work: WorkDirectory, scratch: Scratch): Promise<void> {
  const present = await ifExists(lstat(work.config));
  if (present !== undefined) await rename(work.config, join(scratch.path, 'replaced'));
  await rename(config, work.config);
}

function noManifest(place: string) {
  return usageError('INIT_SOURCE', `there is no manifest.yaml in ${place}`, {
    hint: 'a config has it at its top; see docs/config-reference.md',
  });
}

/** Configs of several variants need not have a manifest of that name, or say in their arguments which it is. */
async function hasManifest(directory: string, variant: string | undefined): Promise<boolean> {
  const ofVariant = variant === undefined ? [] : [`manifest-${variant}.yaml`, `build-args-${variant}.conf`];
  for (const name of [...manifestNames, 'build-args.conf', ...ofVariant]) {
    if (await exists(join(directory, name))) return true;
  }
  return false;
}
