import { labelNames } from '../../contract/labels.ts';
import { plural } from '../../lib/format.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { type Image, labelOf } from '../../oci/image.ts';
import { layerComponents } from '../../ostree/encapsulate/image.ts';
import type { Reporter } from '../../progress/reporter.ts';
import type {
  PackageList,
  SiteArtifact,
  SiteBuild,
  SiteLayer,
  SiteModel,
  SiteSuite,
  SiteUpdate,
} from '../../publish/site/model.ts';
import { type FoundContainer, newestFirst, readContents } from '../../workspace/containers/contents.ts';
import { downloadBetween, lackedBy } from '../../workspace/containers/download.ts';
import { imagesAtOnce } from '../../workspace/containers/images.ts';
import { packageChanges } from '../../workspace/containers/package-changes.ts';
import { type ContainerSummary, summarize, totalSize } from '../../workspace/containers/summary.ts';
import type { TestStatus } from '../../workspace/containers/test-status.ts';
import { requireContents } from '../../workspace/place.ts';
import { localArtifacts, referringArtifacts } from './artifacts.ts';
import type { KnownPackages } from './package-lists.ts';
import { type PublishedArtifacts, publishedArtifacts } from './published.ts';
import type { SiteSource } from './source.ts';
import { streamsOf } from './streams.ts';

/** A container with what a site shows of it. */
interface GatheredContainer extends FoundContainer {
  summary: ContainerSummary;
  packages: KnownPackages;
  artifacts: readonly SiteArtifact[];
}

/** Finds the packages of a container. @throws what the place fails at, as opposed to what it holds */
export type FindPackages = (image: Image) => Promise<KnownPackages>;

const nothingPublished: PublishedArtifacts = { byContainer: new Map(), remarks: [] };

/** What a place is called where its containers have no name. */
const untitled = 'Builds';

/**
 * Reads everything that a site shows. Of layers nothing is read here.
 * @throws CosaError `REPOSITORY_MISSING` (exit 2), what place and store fail at, as opposed to what they hold; the signal's reason
 */
export async function gatherSite(
  source: SiteSource,
  findPackages: FindPackages,
  { signal, status }: Pick<Reporter, 'signal' | 'status'>,
): Promise<SiteModel> {
  const { place, reader, store } = source;
  await requireContents(reader, place);
  const published = store === undefined ? nothingPublished : await publishedArtifacts(store, signal);
  const { containers, others } = await readContents(reader, signal);
  let read = 0;
  const gathered = await mapParallel(
    containers,
    async (container) => {
      const found = await gatherContainer(source, published, findPackages, container);
      status(`${++read} of ${plural(containers.length, 'container')}`);
      return found;
    },
    imagesAtOnce,
    signal,
  );
  const builds = linkBuilds(gathered.sort((a, b) => newestFirst(a.summary, b.summary)));
  const unreadable = others.filter(({ what }) => what.startsWith('cannot be read'));
  return {
    title: builds.find(({ name }) => name !== undefined && name !== '')?.name ?? untitled,
    repository: place.imageName === undefined ? undefined : place.format(),
    streams: streamsOf(builds),
    builds,
    remarks: [
      ...unreadable.map(({ tags, digest, what }) => `${tags.join(', ') || digest || 'an entry'} ${what}`),
      ...published.remarks,
    ],
  };
}

async function gatherContainer(
  { images, reader }: SiteSource,
  published: PublishedArtifacts,
  findPackages: FindPackages,
  container: FoundContainer,
): Promise<GatheredContainer> {
  const summary = summarize(container.image);
  const packages = await findPackages(container.image);
  const local = images === undefined ? [] : await localArtifacts(images, summary.version, summary.digest);
  const { artifacts, remarks } = await referringArtifacts(reader, summary.digest);
  return {
    ...container,
    summary,
    packages,
    artifacts: [...(published.byContainer.get(summary.digest) ?? []), ...artifacts, ...local],
    remarks: [...container.remarks, ...remarks],
  };
}

/** Makes builds of containers, each with what it changes of the one before it. @param containers newest first */
function linkBuilds(containers: readonly GatheredContainer[]): SiteBuild[] {
  const before = new Map<string, { build: SiteBuild; container: GatheredContainer }>();
  const builds: SiteBuild[] = [];
  for (const container of [...containers].reverse()) {
    const line = lineOf(container);
    const previous = before.get(line);
    const build = makeBuild(container, previous);
    before.set(line, { build, container });
    builds.push(build);
  }
  return builds.reverse();
}

/** Builds of one line follow each other on a machine. */
function lineOf({ summary: { stream, architecture }, image }: GatheredContainer): string {
  return JSON.stringify([stream ?? '', architecture, labelOf(image, labelNames.osName) ?? '']);
}

function makeBuild(
  container: GatheredContainer,
  previous: { build: SiteBuild; container: GatheredContainer } | undefined,
): SiteBuild {
  const { image, summary, tags, tests, signed, artifacts, remarks } = container;
  const { digest, version, stream, created, architecture, commit, size } = summary;
  const label = (name: string) => labelOf(image, name);
  return {
    digest,
    version,
    stream,
    created,
    architecture,
    commit,
    size,
    name: label(labelNames.osName) ?? label(labelNames.title),
    kernel: label(labelNames.linux),
    source: label(labelNames.source),
    revision: label(labelNames.revision),
    tags,
    layers: layersOf(container, previous?.container),
    packages: shownPackages(container.packages),
    update: previous && updateFrom(container, previous),
    suites: tests.statuses.map(suiteOf),
    unusableTests: tests.unusable.map(({ reason }) => reason),
    signed,
    artifacts,
    remarks,
  };
}

function shownPackages(known: KnownPackages): PackageList {
  return known.packages === undefined ? { reason: known.reason } : { packages: known.packages };
}

function layersOf({ image }: GatheredContainer, previous: GatheredContainer | undefined): SiteLayer[] {
  const components = layerComponents(image.manifest);
  const isNew = previous === undefined ? () => false : lackedBy(previous.image);
  return image.manifest.layers.map((layer, index) => ({
    digest: layer.digest,
    size: layer.size,
    components: components[index] ?? [],
    isNew: isNew(layer),
  }));
}

function updateFrom(
  { image, packages }: GatheredContainer,
  { build, container }: { build: SiteBuild; container: GatheredContainer },
): SiteUpdate {
  const { download, layers } = downloadBetween(container.image, image);
  const isNew = lackedBy(container.image);
  return {
    from: build,
    download,
    layers,
    kept: totalSize(image.manifest.layers.filter((layer) => !isNew(layer))),
    packages:
      packages.packages === undefined || container.packages.packages === undefined
        ? undefined
        : packageChanges(container.packages, packages),
  };
}

function suiteOf({ suite, firmware, accelerator, complete, passed, started, tests }: TestStatus): SiteSuite {
  return {
    name: suite,
    firmware,
    accelerator,
    complete,
    passed,
    started,
    tests: tests.map(({ name, status, milliseconds, log }) => ({
      name,
      passed: status === 'passed',
      milliseconds,
      log,
    })),
  };
}
