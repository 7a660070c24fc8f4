import { describe, expect, test } from 'vitest';
import { type Tool, tools } from '../../src/exec/tools.ts';
import { exitStatus } from '../../src/lib/exit-status.ts';
import { cosa } from './in-process.ts';

const all: readonly Tool[] = Object.values(tools);

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

  test('no tool is listed twice', () => {
    const names = all.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });
});
