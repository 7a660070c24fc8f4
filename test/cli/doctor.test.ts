import { describe, expect, test } from 'vitest';
import { toolsFor } from '../../src/exec/tools/machine-tools.ts';
import type { Tool } from '../../src/exec/tools.ts';
import { architectures, hostArchitecture } from '../../src/lib/architecture.ts';
import { exitStatus } from '../../src/lib/exit-status.ts';
import { cosa } from './in-process.ts';

const all = toolsFor(hostArchitecture());

/** Tests run on Debian. */
const ofThisHost = (of: readonly Tool[]) => of.filter(({ family = 'deb' }) => family === 'deb').map(({ name }) => name);

describe('cosa doctor', () => {
  test('tells of every tool, and its exit status says whether one is missing', async () => {
    const { status, stdout } = await cosa(['doctor', '--json']);
    const {
      tools: found,
      checks,
      install,
    } = JSON.parse(stdout) as {
      tools: { name: string; path: string | null; optional?: boolean; packages: { deb: string } }[];
      checks: { name: string; state: string }[];
      install: string[];
    };
    expect(found.map(({ name }) => name).sort()).toEqual(ofThisHost(all).sort());
    expect(checks.map(({ name }) => name)).toEqual(['namespaces', 'kvm', 'disk']);
    const missing = found.filter(({ path, optional }) => path === null && optional !== true);
    expect(install).toEqual([...new Set(missing.map(({ packages }) => packages.deb))].sort());
    if (missing.length > 0) expect(status).toBe(exitStatus.missingTool);
    else expect(status === exitStatus.ok).toBe(checks.every(({ state }) => state !== 'failed'));
  });

  test('looks for what emulates another architecture when it is asked for that', async () => {
    const { stdout } = await cosa(['doctor', '--json', '--arch', 'arm64']);
    const { tools: found, checks } = JSON.parse(stdout) as { tools: { name: string }[]; checks: { name: string }[] };
    const names = found.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['qemu-aarch64-static', 'qemu-system-aarch64']));
    expect(names).not.toContain('qemu-system-x86_64');
    expect(checks.map(({ name }) => name)).toEqual(['namespaces', 'emulation', 'kvm', 'disk']);
  });

  test.each(architectures)('no tool is listed twice: $name', (architecture) => {
    const names = toolsFor(architecture).map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });
});
