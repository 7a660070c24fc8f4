import { bootLoaderLayout, espGrubConfig } from '../../contract/boot-loader-places.ts';
import { bootLoaderRecordText } from '../../contract/boot-loader-record.ts';
import { containerPaths } from '../../contract/paths.ts';
import { architectureNamed } from '../../lib/architecture.ts';
import { findBiosGrub, makeBiosImages } from '../boot-loaders/bios.ts';
import { type BootupdPayload, bootupdState, findBootupdPayload } from '../boot-loaders/bootupd.ts';
import { type EfiLoaders, findEfiLoaders } from '../boot-loaders/efi.ts';
import { bootLoaderComponent, copyLoader, writeLoader } from '../boot-loaders/place.ts';
import type { RootContext, RootStep } from '../context.ts';
import { walkTree } from '../walk.ts';

/** Where boot loaders lie that were moved: no package owns what is there. */
const preparedDirectories = ['/usr/lib/ostree-boot', '/usr/lib/bootupd/updates'];

/**
 * Gathers the boot loaders that the packages have, ready to be copied to a disk: then nobody who makes one
 * needs GRUB's tools, and the loader is the system's own. A system without any is left without.
 */
export const bootLoader: RootStep = {
  title: 'gather the boot loader',
  async run(context) {
    const { root, request } = context;
    const layout = bootLoaderLayout(architectureNamed(request.basearch));
    if (layout === undefined) return;
    const efi = await findEfiLoaders(root, layout.efi);
    const bios = layout.bios === undefined ? undefined : await findBiosGrub(root, layout.bios);
    // One configuration serves both.
    const canReadEntries = efi?.readsEntries !== false && (bios === undefined || bios.entryModule !== undefined);
    const readsEntries = canReadEntries && (efi ?? bios) !== undefined;
    if (bios !== undefined) {
      await makeBiosImages(context, readsEntries ? bios : { ...bios, entryModule: undefined });
    }
    if (efi !== undefined) {
      await gatherEfi(context, efi, await findBootupdPayload(root, layout), bios !== undefined);
    }
    if ((efi ?? bios) !== undefined) {
      await writeLoader(
        context,
        containerPaths.bootLoaderRecord,
        bootLoaderRecordText({ 'reads-entries': readsEntries }),
      );
    }
    for (const directory of preparedDirectories) {
      for await (const { path, entry } of walkTree(root, directory)) {
        if (!entry.isDirectory()) context.generated.set(path, bootLoaderComponent);
      }
    }
    const made = [bios && 'BIOS', efi && 'UEFI'].filter((name) => name !== undefined);
    const menu = readsEntries ? '; GRUB reads the entries of /loader' : '';
    context.reporter.log(`boot loaders: ${made.join(', ') || 'none'}${menu}`);
  },
};

const efiDirectory = `${containerPaths.bootLoaders}/efi/EFI`;

async function gatherEfi(
  context: RootContext,
  efi: EfiLoaders,
  payload: BootupdPayload | undefined,
  hasBios: boolean,
): Promise<void> {
  if (payload === undefined) {
    for (const { to, source } of efi.files) await copyLoader(context, source, `${efiDirectory}/BOOT/${to}`);
  } else {
    // bootupd knows its own arrangement alone: in another, it would replace shim, and not the GRUB that belongs to it.
    for (const { path, source } of payload.files) await copyLoader(context, source, `${efiDirectory}/${path}`);
    await writeLoader(context, containerPaths.bootupdState, await bootupdState(context.root, payload, hasBios));
  }
  await writeLoader(context, `${efiDirectory}/${efi.vendor}/grub.cfg`, espGrubConfig);
}
