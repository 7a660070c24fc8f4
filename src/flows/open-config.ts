import { arch } from 'node:process';
import { type Config, loadConfig } from '../config/load.ts';
import { usageError } from '../lib/errors.ts';
import type { PackageBackend } from '../packages/backend.ts';
import { backendFor, backends } from '../packages/index.ts';
import type { WorkDirectory } from './work-directory.ts';

/** Node's names of the architectures that operating systems are built for. */
const baseArchitectures: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
};

/**
 * The base architecture of this machine: what is built here is for its like.
 * @throws CosaError `ARCHITECTURE_UNKNOWN` (exit 2)
 */
export function hostBaseArchitecture(): string {
  const basearch = baseArchitectures[arch];
  if (basearch === undefined) {
    throw usageError('ARCHITECTURE_UNKNOWN', `nothing is built for the architecture of this machine, ${arch}`);
  }
  return basearch;
}

/** Reads the config of a work directory, and finds the package family of its repositories. Throws what {@link loadConfig} throws. */
export async function openConfig(work: WorkDirectory): Promise<{ config: Config; backend: PackageBackend }> {
  const config = await loadConfig(work.config, {
    basearch: hostBaseArchitecture(),
    stream: work.settings.stream,
    repositoryExtensions: backends.map(({ repositoryExtension }) => repositoryExtension),
  });
  const backend = backendFor(config.repositoryExtension);
  if (backend === undefined) throw new Error(`no package family has ${config.repositoryExtension} files`);
  return { config, backend };
}
