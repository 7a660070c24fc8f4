import { run } from '../run.ts';
import type { Tool } from '../tool.ts';

export const mkfsXfs: Tool = {
  name: 'mkfs.xfs',
  packages: { deb: 'xfsprogs', rpm: 'xfsprogs' },
  purpose: 'writes XFS filesystems',
  optional: true,
};

/** The installed version, such as `[6, 17]`: major and minor. */
export async function mkfsXfsVersion(): Promise<readonly [number, number]> {
  const { stdout } = await run(mkfsXfs, ['-V']);
  const match = /version (\d+)\.(\d+)/.exec(stdout);
  return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
}
