import { z } from 'zod';
import { sortByBytes } from '../../../lib/order.ts';
import { check, type Guest, type SystemTest } from '../system-test.ts';

const lockfile = z.object({ packages: z.record(z.string(), z.object({ evra: z.string() })) });

/** How each package family lists what is installed: name, and version.architecture as lockfiles spell it. */
const queries = {
  'dpkg-query': "dpkg-query --show --showformat '${db:Status-Abbrev} ${Package} ${Version}.${Architecture}\\n'",
  rpm: "rpm --query --all --queryformat 'ii %{NAME} %{EVR}.%{ARCH}\\n' | grep --invert-match ' gpg-pubkey '",
} as const;

export const packages: SystemTest = {
  name: 'packages',
  claim: 'the packages are those of the lockfile that the container carries',
  async run(guest) {
    const text = await guest.output('cat /usr/share/coreos-assembler/manifest-lock.*.json');
    const locked = new Map(
      Object.entries(lockfile.parse(JSON.parse(text)).packages).map(([name, { evra }]) => [name, evra]),
    );
    const differences = compare(locked, await installedPackages(guest));
    check(differences.length === 0, `${differences.length} differences:\n${differences.slice(0, 20).join('\n')}`);
  },
};

/** Name → version.architecture of what the guest's package database holds, half-installed packages with their state. */
export async function installedPackages(guest: Guest): Promise<Map<string, string>> {
  const found = await guest.output('command -v dpkg-query || command -v rpm');
  const query = found.endsWith('/rpm') ? queries.rpm : queries['dpkg-query'];
  const installed = new Map<string, string>();
  for (const line of (await guest.output(query)).split('\n')) {
    const [state, name, version] = line.trim().split(/\s+/);
    if (state === undefined || name === undefined || version === undefined) continue;
    installed.set(name, state === 'ii' ? version : `${version} (${state})`);
  }
  check(installed.size > 0, 'the package database is empty');
  return installed;
}

/** In words, what differs between the lockfile and the system. */
export function compare(locked: ReadonlyMap<string, string>, installed: ReadonlyMap<string, string>): string[] {
  const names = sortByBytes(new Set([...locked.keys(), ...installed.keys()]));
  return names.flatMap((name) => {
    const wanted = locked.get(name);
    const found = installed.get(name);
    if (wanted === found) return [];
    if (found === undefined) return [`${name} ${wanted} is not installed`];
    if (wanted === undefined) return [`${name} ${found} is not in the lockfile`];
    return [`${name} is ${found}, locked is ${wanted}`];
  });
}
