import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { namespaceArguments } from '../../exec/namespace.ts';
import { tryRun } from '../../exec/run.ts';
import { requireProgramsOf, tryRunInSandbox } from '../../exec/sandbox.ts';
import { locate } from '../../exec/tools/locate.ts';
import { toolsFor } from '../../exec/tools/machine-tools.ts';
import { hostFamily, hostPackageVersions } from '../../exec/tools/packages.ts';
import { type Tool, tools } from '../../exec/tools.ts';
import { type ArchitectureName, architectureNamed, hostArchitecture } from '../../lib/architecture.ts';
import { CosaError } from '../../lib/errors.ts';
import { formatBytes } from '../../lib/format.ts';
import { compareBytes, sortByBytes } from '../../lib/order.ts';
import { type Pipeline, runStep } from '../../progress/step.ts';

/** What a build of a small operating system takes: packages, roots, container and disk image. */
const wantedBytes = 10e9;

/** A tool, and whether it is there. */
export interface ToolStatus {
  tool: Tool;
  path: string | undefined;
  /** Version of the package it comes from; unknown for one installed by hand. */
  version: string | undefined;
}

/** Something about the machine that is not a program: whether it serves, and what was found. */
export interface HostCheck {
  name: 'namespaces' | 'emulation' | 'kvm' | 'disk';
  /** `slow`: works, but not well; `failed`: builds cannot work. */
  state: 'ok' | 'slow' | 'failed';
  finding: string;
  hint?: string;
}

export interface Diagnosis {
  family: 'deb' | 'rpm' | undefined;
  tools: readonly ToolStatus[];
  checks: readonly HostCheck[];
  /** Packages that hold the missing tools which are not optional, sorted. */
  missingPackages: readonly string[];
}

/**
 * Looks at the host: which tools are there, whether namespaces work, whether there is KVM and room.
 * Changes nothing.
 * @param directory the work directory, whose filesystem is measured
 * @param architecture what containers and disks are to be made for, if not for this machine's: then it is looked for what
 *   emulates it, too
 */
export async function examineHost(
  pipeline: Pipeline,
  directory: string,
  architecture: ArchitectureName,
): Promise<Diagnosis> {
  return runStep(pipeline, 'look at this machine', async () => {
    const family = await hostFamily();
    const statuses = await toolStatuses(family, toolsFor(architectureNamed(architecture)));
    const emulation = architecture === hostArchitecture().name ? [] : [await checkEmulation(architecture)];
    const checks = [await checkNamespaces(), ...emulation, await checkKvm(), await checkDisk(directory)];
    const missing = statuses.filter(({ tool, path }) => path === undefined && tool.optional !== true);
    const packages = new Set(missing.map(({ tool }) => tool.packages[family ?? 'deb']));
    return { family, tools: statuses, checks, missingPackages: sortByBytes(packages) };
  });
}

async function toolStatuses(family: Diagnosis['family'], all: readonly Tool[]): Promise<ToolStatus[]> {
  const here = all.filter((tool) => tool.family === undefined || tool.family === family);
  const sorted = here.sort((a, b) => compareBytes(a.name, b.name));
  const names = [...new Set(sorted.map(({ packages }) => packages[family ?? 'deb']))];
  const versions = family === undefined ? new Map<string, string>() : await hostPackageVersions(family, names);
  return Promise.all(
    sorted.map(async (tool) => {
      const path = await locate(tool);
      const version = path === undefined ? undefined : versions.get(tool.packages[family ?? 'deb']);
      return { tool, path, version };
    }),
  );
}

async function checkNamespaces(): Promise<HostCheck> {
  const hint = 'in a container, run it with --privileged; else see kernel.unprivileged_userns_clone';
  try {
    // Commands that need it become root of a namespace first, where they are not root; this one does not.
    const namespaced = [
      '--bind',
      '/',
      '/',
      '--dev',
      '/dev',
      '--proc',
      '/proc',
      tools.unshare.name,
      '--user',
      tools.true.name,
    ];
    const probe =
      process.getuid?.() === 0
        ? await tryRunInSandbox({ root: '/' }, [tools.true.name])
        : await tryRun(tools.unshare, [...namespaceArguments, tools.bubblewrap.name, ...namespaced]);
    if (probe.exitCode === 0) return { name: 'namespaces', state: 'ok', finding: 'programs run in namespaces' };
    return { name: 'namespaces', state: 'failed', finding: probe.stderr.trim(), hint };
  } catch (error) {
    if (!(error instanceof CosaError)) throw error;
    return { name: 'namespaces', state: 'failed', finding: error.message, hint: error.hint ?? hint };
  }
}

/** Whether the sandbox runs another architecture's programs; that the emulator itself is missing is told with the tools. */
async function checkEmulation(architecture: ArchitectureName): Promise<HostCheck> {
  try {
    await requireProgramsOf(architecture);
    return { name: 'emulation', state: 'ok', finding: `programs for ${architecture} run in namespaces` };
  } catch (error) {
    if (!(error instanceof CosaError)) throw error;
    const { message, hint } = error;
    return { name: 'emulation', state: 'failed', finding: message, ...(hint === undefined ? {} : { hint }) };
  }
}

async function checkKvm(): Promise<HostCheck> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    // Some hosts have the device and yet no working KVM; `run` and `test` find out by trying.
    return { name: 'kvm', state: 'ok', finding: '/dev/kvm is there; run and test try it, and emulate if it fails' };
  } catch {
    return {
      name: 'kvm',
      state: 'slow',
      finding: 'no access to /dev/kvm: run and test will emulate the processor, which is slow',
    };
  }
}

async function checkDisk(directory: string): Promise<HostCheck> {
  const { bavail, bsize } = await statfs(directory);
  const free = bavail * bsize;
  const finding = `${formatBytes(free)} free in ${directory}`;
  if (free >= wantedBytes) return { name: 'disk', state: 'ok', finding };
  return { name: 'disk', state: 'slow', finding, hint: `a build wants about ${formatBytes(wantedBytes)}` };
}
