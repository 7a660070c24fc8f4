import { usageError } from '../../lib/errors.ts';

/** Debian's names of the base architectures. */
const debianNames: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  ppc64le: 'ppc64el',
  s390x: 's390x',
  riscv64: 'riscv64',
};

/**
 * Debian's name of a base architecture: `amd64` for `x86_64`.
 * @throws CosaError `ARCHITECTURE_UNKNOWN` (exit 2)
 */
export function debianArchitecture(basearch: string): string {
  const name = debianNames[basearch];
  if (name === undefined) {
    throw usageError('ARCHITECTURE_UNKNOWN', `Debian has no packages for the architecture "${basearch}"`, {
      hint: `one of ${Object.keys(debianNames).join(', ')}`,
    });
  }
  return name;
}
