import { digestOf } from '../../../src/lib/digest.ts';
import type { SiteBuild, SiteLayer, SiteModel, SiteUpdate } from '../../../src/publish/site/model.ts';

/** A build that nothing was done with, but for what a test says of it. */
export function syntheticBuild(parts: Partial<SiteBuild> = {}): SiteBuild {
  const version = parts.version ?? '1.0';
  return {
    digest: digestOf(version),
    version,
    stream: 'stable',
    created: '2026-01-01T06:30:00Z',
    architecture: 'amd64',
    commit: undefined,
    name: 'test-os',
    kernel: undefined,
    source: undefined,
    revision: undefined,
    tags: [version],
    size: 1000,
    layers: [],
    packages: { reason: 'it has no list of packages' },
    update: undefined,
    suites: [],
    unusableTests: [],
    signed: false,
    artifacts: [],
    remarks: [],
    ...parts,
  };
}

/** A site of these builds, which all are of one stream; the last is promoted, and the first its candidate. */
export function syntheticModel(builds: readonly SiteBuild[], parts: Partial<SiteModel> = {}): SiteModel {
  const stream = { name: 'stable', promoted: builds.slice(-1), candidates: builds.slice(0, 1), builds };
  return { title: 'test-os', repository: undefined, streams: [stream], builds, remarks: [], ...parts };
}

/** As many builds as a project has after some years, each with what a real one has: newest first. */
export function manyBuilds(count: number): SiteBuild[] {
  const builds: SiteBuild[] = [];
  let from: SiteBuild | undefined;
  for (let number = 0; number < count; number++) {
    const build = realisticBuild(number, from);
    builds.push(build);
    from = build;
  }
  return builds.reverse();
}

function realisticBuild(number: number, from: SiteBuild | undefined): SiteBuild {
  const day = new Date(Date.UTC(2020, 0, 1 + number)).toISOString();
  const layers = Array.from({ length: 64 }, (_, index): SiteLayer => {
    const isNew = from !== undefined && (index === 0 || (index * 7 + number) % 16 === 0);
    const components = Array.from({ length: (index % 8) + 1 }, (_unused, part) => `package-${index}-${part}`);
    return {
      digest: digestOf(`${index} ${isNew ? number : 'kept'}`),
      size: 100_000 * (index + 1) + number,
      components: index === 0 ? [] : components,
      isNew,
    };
  });
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  const packages = layers.flatMap(({ components, isNew }) =>
    components.map((name) => ({
      name,
      version: `1:${isNew ? number : 1}.2-3`,
      architecture: 'amd64',
      source: name,
      size: 1000 * name.length,
    })),
  );
  const added = layers.filter(({ isNew }) => isNew);
  const download = added.reduce((sum, layer) => sum + layer.size, 0);
  const update: SiteUpdate | undefined = from && {
    from,
    download,
    kept: size - download,
    layers: { kept: layers.length - added.length, added: added.length, removed: added.length },
    packages: {
      added: [],
      removed: [],
      downgraded: [],
      upgraded: added.flatMap(({ components }) =>
        components.map((name) => ({ name, from: '1:1.2-3', to: `1:${number}.2-3` })),
      ),
    },
  };
  return syntheticBuild({
    version: `44.${day.slice(0, 10).replaceAll('-', '')}.0`,
    created: day,
    kernel: `6.12.${number % 200}`,
    source: 'https://git.example.com/os/config.git',
    revision: digestOf(String(number)).slice(7, 47),
    layers,
    size,
    packages: { packages },
    update,
    suites: [
      {
        name: 'basic',
        firmware: 'uefi',
        accelerator: 'kvm',
        complete: true,
        passed: number % 9 !== 5,
        started: day,
        tests: Array.from({ length: 12 }, (_, index) => ({
          name: `test-${index}`,
          passed: number % 9 !== 5 || index !== 3,
          milliseconds: 1000 * index,
          log: index === 3 ? 'the unit failed\nconsole:\n[FAILED] Failed to start something.service' : undefined,
        })),
      },
    ],
  });
}
