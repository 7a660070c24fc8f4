import { run } from '../run.ts';
import type { Tool } from '../tools.ts';

/**
 * The version of an installed program, as `mkfs.xfs -V` and `mkfs.btrfs --version` say it: `6.17.0`.
 * @throws CosaError `TOOL_MISSING` (exit 3), `TOOL_FAILED`
 */
export async function programVersion(tool: Tool, option: '-V' | '--version'): Promise<string> {
  const { stdout } = await run(tool, [option]);
  return /\bv?(\d+(?:\.\d+)+)/.exec(stdout)?.[1] ?? '0.0';
}

/** True if a version is a certain one or newer: major and minor count. */
export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split('.').map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
