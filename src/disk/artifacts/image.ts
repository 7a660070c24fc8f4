import { join } from 'node:path';
import { stepKey } from '../../cache/key.ts';
import { formatBytes } from '../../lib/format.ts';
import { programName } from '../../lib/program.ts';
import type { DiskImageRecord } from '../record.ts';
import type { Artifact, MadeArtifacts } from './artifact.ts';
import { diskImageRecipe } from './disk-image.ts';
import type { ImageChoice, ImageMaking } from './image-making.ts';
import type { ImageRecipe } from './image-recipe.ts';
import { type DiskImage, findKeptImage, publishImage } from './kept-image.ts';
import { liveIsoRecipe, livePxeRecipe } from './live-image.ts';

/**
 * A platform's image. One that is there is taken if its record says that it was made of the same, and its bytes are still
 * those that were written.
 * @throws CosaError `NAME_INVALID` (exit 4), `TOOL_MISSING` (exit 3) if the compressor is not here
 */
export async function imageArtifact(making: ImageMaking, choice: ImageChoice): Promise<Artifact<DiskImage>> {
  const { container, output, verified } = making;
  const { platform } = choice;
  const recipe = await recipeOf(making, choice);
  const { files, needs, tools, inputs, format, compression } = recipe;
  const names = files.map(({ name }) => name);
  const [first] = names as [string];
  const key = stepKey('disk-image/5', { container: container.digest, ...inputs, compression });

  return {
    id: `image ${first}`,
    title: `make ${platform.name} image`,
    needs,
    tools,
    outputs: [...names, `${first}.json`],
    key,
    async find() {
      const sought = { directory: output, names, platform: platform.name, key };
      const kept = making.takesKept ? await findKeptImage(sought, verified, making.warn) : undefined;
      if (kept === undefined) await making.temporary.check();
      return kept;
    },
    async make(made: MadeArtifacts, reporter) {
      const directory = await making.temporary.make(platform.name);
      const { base, ignition, publishing, diskSize, ...written } = await recipe.make(made, directory, reporter);
      const record: DiskImageRecord = {
        name: container.name,
        version: container.version,
        platform: platform.name,
        architecture: container.architecture,
        format,
        files: written.files.map((file, index) => ({ ...(files[index] as (typeof files)[number]), ...file })),
        'disk-size': diskSize,
        container: { digest: container.digest, 'ostree-commit': base.disk.commit },
        ignition,
        ...publishing,
        rootfs: base.disk.config.rootfs,
        'host-tools': [...base.hostVersions],
        compression,
        generator: programName,
        key,
      };
      const image = await publishImage(directory, output, record);
      for (const { name, sha256 } of record.files) await verified.remember(join(output, name), sha256);
      reporter.note(formatBytes(record.files.reduce((sum, { size }) => sum + size, 0)));
      return image;
    },
  };
}

function recipeOf(making: ImageMaking, choice: ImageChoice): ImageRecipe | Promise<ImageRecipe> {
  const { image } = choice.platform;
  if (image === 'live-iso') return liveIsoRecipe(making, choice.platform);
  if (image === 'live-pxe') return livePxeRecipe(making, choice.platform);
  return diskImageRecipe(making, choice, image);
}
