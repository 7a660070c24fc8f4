import { type Lockfile, type PackageFamily, parseLockfile } from '../../../contract/lockfile.ts';
import { sortByBytes } from '../../../lib/order.ts';
import { check, type Guest, type SystemTest } from '../system-test.ts';

/** How each package family lists what is installed: name, and version.architecture as lockfiles spell it. */
const queries: Readonly<Record<PackageFamily, string>> = {
  deb: "dpkg-query --show --showformat '${db:Status-Abbrev} ${Package} ${Version}.${Architecture}\\n'",
  // Lockfiles leave an epoch of 0 out, whether a package has it or has none.
  rpm: "rpm --query --all --queryformat 'ii %{NAME} %{EVR}.%{ARCH}\\n' | sed '/ gpg-pubkey /d; s/ 0:/ /'",
};

export const packages: SystemTest = {
  name: 'packages',
  claim: 'the packages are those of the lockfile that the container carries',
  async run(guest) {
    const { packages } = await embeddedLock(guest);
    const locked = versionsByName(
      packages.map(({ name, version, architecture }) => ({ name, version: `${version}.${architecture}` })),
    );
    const differences = compare(locked, await installedPackages(guest));
    check(differences.length === 0, `${differences.length} differences:\n${differences.slice(0, 20).join('\n')}`);
  },
};

async function familyWithProgram(guest: Guest): Promise<PackageFamily> {
  const found = await guest.output('command -v dpkg-query || command -v rpm');
  return found.endsWith('/rpm') ? 'rpm' : 'deb';
}

/** Says which family's database counts, if it is of ours: a system of one may have the program of the other. */
async function embeddedLock(guest: Guest): Promise<Lockfile> {
  const text = await guest.output('cat /usr/share/coreos-assembler/manifest-lock.*.json');
  return parseLockfile(text, "the container's lockfile");
}

/**
 * Name → version.architecture of what the guest's package database holds, half-installed packages with their state; of
 * several packages of one name all, joined by commas.
 */
export async function installedPackages(guest: Guest): Promise<Map<string, string>> {
  const family = (await embeddedLock(guest)).family ?? (await familyWithProgram(guest));
  const query = queries[family];
  const installed: { name: string; version: string }[] = [];
  for (const line of (await guest.output(query)).split('\n')) {
    const [state, name, version] = line.trim().split(/\s+/);
    if (state === undefined || name === undefined || version === undefined) continue;
    // An epoch of 0 that a package tells is none to lockfiles.
    const known = family === 'rpm' ? version.replace(/^0:/, '') : version;
    installed.push({ name, version: state === 'ii' ? known : `${known} (${state})` });
  }
  check(installed.length > 0, 'the package database is empty');
  return versionsByName(installed);
}

function versionsByName(packages: readonly { name: string; version: string }[]): Map<string, string> {
  const versions = new Map<string, string[]>();
  for (const { name, version } of packages) versions.set(name, [...(versions.get(name) ?? []), version]);
  return new Map([...versions].map(([name, all]) => [name, sortByBytes(all).join(', ')]));
}

/** In words, what differs between the lockfile and the system. */
export function compare(locked: ReadonlyMap<string, string>, installed: ReadonlyMap<string, string>): string[] {
  const names = sortByBytes(new Set([...locked.keys(), ...installed.keys()]));
  return names.flatMap((name) => {
    const lockedVersion = locked.get(name);
    const installedVersion = installed.get(name);
    if (lockedVersion === installedVersion) return [];
    if (installedVersion === undefined) return [`${name} ${lockedVersion} is not installed`];
    if (lockedVersion === undefined) return [`${name} ${installedVersion} is not in the lockfile`];
    return [`${name} is ${installedVersion}, locked is ${lockedVersion}`];
  });
}
