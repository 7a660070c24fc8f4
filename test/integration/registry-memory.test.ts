import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { digestHex } from '../../src/lib/digest.ts';
import { openLayout, openLayoutForWriting } from '../../src/oci/layout.ts';
import { mediaTypes } from '../../src/oci/types.ts';
import { storeImageOf } from '../helpers/image.ts';
import { startTestingRegistry } from '../helpers/testing-registry.ts';
import { program } from './fixture.ts';

/** Bytes of the layer: far more than the memory that may be used. */
const layerSize = 2 * 1024 ** 3;
/** Of so many zeros; each copy checks it. */
const layerDigest = 'sha256:a7c744c13cc101ed66c29f672f92455547889cc586ce6d44fe76ae824958ea51';
const mostMemory = 300;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-memory-'));
});
afterEach(() => rm(directory, { recursive: true }));

it('the program needs no more memory for a large layer', async () => {
  const image = await storeSparseImage();
  // It keeps the digest and the size alone, and reads zeros.
  await using registry = await startTestingRegistry({ storage: 'zeros' });
  const reference = `docker://${registry.host}/os/example:large`;
  await cosaMeasured(['copy', '--quiet', 'oci:oci:large', reference]);
  expect(registry.tags('os/example').get('large')).toBe(image.digest);
  await cosaMeasured(['copy', '--quiet', reference, 'oci:copy:large']);
  expect((await (await openLayout(join(directory, 'copy'))).resolveTag('large'))?.digest).toBe(image.digest);
  const peaks = (await readFile(join(directory, 'peaks'), 'utf8')).trim().split('\n').map(Number);
  expect(peaks).toHaveLength(2);
  for (const kibibytes of peaks) expect(kibibytes / 1024).toBeLessThan(mostMemory);
});

/** An image with one layer of zeros, which takes no space on the disk. */
async function storeSparseImage() {
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  const file = join(directory, 'oci/blobs/sha256', digestHex(layerDigest));
  await writeFile(file, '');
  await truncate(file, layerSize);
  const layer = { mediaType: mediaTypes.layer, digest: layerDigest, size: layerSize } as const;
  const image = await storeImageOf(store, [layer], [layerDigest]);
  await store.setTags(['large'], image);
  return image;
}

/** Runs the built program, which notes at its end how much memory it had at most, in KiB. */
async function cosaMeasured(args: readonly string[]): Promise<void> {
  const peaks = join(directory, 'peaks');
  const hook = `import { appendFileSync } from 'node:fs';
    process.on('exit', () => appendFileSync(${JSON.stringify(peaks)}, process.resourceUsage().maxRSS + '\\n'));`;
  const cosa = new URL('../../bin/cosa', import.meta.url).pathname;
  const node = ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, cosa];
  await run(program(process.execPath, 'nodejs'), [...node, ...args], { cwd: directory });
}
