import { type FetchResult, fetchPackages } from '../../flows/packages/fetch.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { addSaidOptions, saidOfConfig } from '../config-options.ts';

export const fetch = defineCommand({
  description:
    'Chooses the versions of all packages that the config asks for, from signed repositories, and downloads them into ' +
    'cache/packages. If the config has a lockfile, exactly its packages are downloaded. The next build uses what was ' +
    'chosen here. With --update-lockfile, versions are chosen anew and the config gets a lockfile, manifest-lock.ARCH.json, ' +
    'with the name, version, source and sha256 of each package, and what the tag of a builder image points to.',
  configure: (command) =>
    addSaidOptions(command)
      .option('--update-lockfile', 'choose versions anew and write the lockfile of the config')
      .option('--strict', "refuse packages that the config's lockfile does not have")
      .addOption(architectureOption("what the packages are for; this machine's architecture unless given")),
  examples: [
    { run: 'cosa fetch', does: 'Download what the next build needs' },
    { run: 'cosa fetch --arch aarch64', does: 'The same for another architecture' },
    { run: 'cosa fetch --update-lockfile', does: 'Take new versions and pin them in the config' },
  ],
  registries: true,
  resumes: true,
  run: async (context, _arguments, options) => {
    const result = await fetchPackages(context, {
      directory: context.directory,
      ...saidOfConfig(context, options),
      updateLockfile: options.updateLockfile === true,
      strict: options.strict === true,
    });
    return { text: summary(result), json: summaryJson(result) };
  },
});

const origins: Readonly<Record<FetchResult['origin'], string>> = {
  lockfile: 'as the lockfile says',
  kept: 'as chosen before',
  resolved: 'as the repositories have them now',
};

function summary({ lock, origin, written }: FetchResult): string {
  const size = lock.packages.reduce((sum, item) => sum + item.size, 0);
  const text = `${plural(lock.packages.length, 'package')}, ${formatBytes(size)}, ${origins[origin]}`;
  return written === undefined ? text : `${text}; written to ${written}`;
}

function summaryJson({ lock, origin, written }: FetchResult): object {
  return {
    origin,
    lockfile: written ?? null,
    packages: lock.packages,
  };
}
