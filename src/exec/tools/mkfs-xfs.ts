import { run } from '../run.ts';
import { tools } from '../tools.ts';

/** The installed version, such as `[6, 17]`: major and minor. */
export async function mkfsXfsVersion(): Promise<readonly [number, number]> {
  const { stdout } = await run(tools.mkfsXfs, ['-V']);
  const match = /version (\d+)\.(\d+)/.exec(stdout);
  return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
}
