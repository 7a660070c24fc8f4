import { tryRun } from '../run.ts';
import { tools } from '../tools.ts';
import { which } from '../which.ts';

/** The package manager family of the host, or `undefined` if it is neither. */
export async function hostFamily(): Promise<'deb' | 'rpm' | undefined> {
  if ((await which(tools.dpkgQuery.name)) !== undefined) return 'deb';
  return (await which(tools.rpm.name)) === undefined ? undefined : 'rpm';
}

/** Versions of those of the named packages that are installed on the host. */
export async function hostPackageVersions(
  family: 'deb' | 'rpm',
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  // Both exit with 1 if any of the packages is not installed, and print the others all the same.
  const { stdout } =
    family === 'deb'
      ? await tryRun(tools.dpkgQuery, ['--show', '--showformat', '${Package} ${Version}\\n', ...names])
      : await tryRun(tools.rpm, ['--query', '--queryformat', '%{NAME} %{VERSION}-%{RELEASE}\\n', ...names]);
  const versions = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    const [, name, version] = /^(\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined && version !== undefined) versions.set(name, version);
  }
  return versions;
}
