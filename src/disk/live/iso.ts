import { liveGrubConfig } from '../../contract/boot-loader-places.ts';
import type { PlatformSettings } from '../../contract/platforms.ts';
import { prettyJson } from '../../lib/canonical-json.ts';
import { derivedUuid } from '../../lib/uuid.ts';
import type { BaseDisk } from '../base-disk/types.ts';
import { liveEfi } from './efi-image.ts';
import { findMedium, liveGrubConfigText, livePaths } from './grub-config.ts';
import { featuresText, kernelContent, liveInitramfs } from './initramfs.ts';
import { type IsoFile, type PlannedIso, planIso } from './iso9660.ts';
import { areasDocument } from './kernel-argument-area.ts';
import { heldContent, type MediaContent, zeroContent } from './media-content.ts';
import { ownGrubConfig } from './own-grub-config.ts';
import type { LiveRootfs } from './rootfs-image.ts';

/** Bytes for an Ignition config, compressed. */
const ignitionBytes = 262_144;

/** What an ISO is made of. */
export interface LiveIsoRequest {
  /** Stays open as long as the ISO is written. */
  base: BaseDisk;
  /** What Ignition is told that it runs on. */
  ignitionPlatform: string;
  /** The consoles. */
  console: PlatformSettings;
  rootfs: Pick<LiveRootfs, 'streamHash'> & { content: MediaContent };
  signal: AbortSignal;
}

/**
 * Lays out the ISO of a live system.
 * @throws CosaError `KERNEL_ARGUMENTS_LENGTH`, `LIVE_MENU_INVALID`, `BOOT_IMAGE_INVALID`, `BOOT_LOADER_TOO_LARGE` (exit 4), what reading the base
 *   throws; the signal's reason
 */
export async function planLiveIso(request: LiveIsoRequest): Promise<PlannedIso> {
  const { base, console, rootfs, signal } = request;
  const { digest, name, version, timestamp } = base.container;
  const volume = volumeId(name, version);
  const kernelArguments = [
    ...base.config['extra-kargs'],
    ...console.kernel_arguments,
    `coreos.liveiso=${volume}`,
    'ignition.firstboot',
    `ignition.platform.id=${request.ignitionPlatform}`,
  ];
  const grub =
    base.liveMenu === undefined
      ? liveGrubConfigText(base.deployment.title, console.grub_commands, kernelArguments)
      : ownGrubConfig(base.liveMenu, console.grub_commands, kernelArguments);
  const finding = findMedium(volume, liveGrubConfig);
  const efi = await liveEfi(base, finding, signal);
  const file = (path: string, text: string): IsoFile => ({ path, content: heldContent(Buffer.from(text)) });
  const areas = areasDocument(grub.kernelArguments, grub.area, [{ path: liveGrubConfig, offset: grub.offset }]);
  return planIso({
    identity: { volume, volumeSet: `${name}-${version}`, timestamp },
    guids: { disk: derivedUuid(digest, 'live disk'), partition: derivedUuid(digest, 'live partition EFI') },
    efi: { path: livePaths.efi, content: heldContent(efi) },
    bios: base.liveBios === undefined ? undefined : { path: livePaths.eltorito, ...base.liveBios },
    files: [
      file(liveGrubConfig, grub.config),
      // Signed loaders read the medium's filesystem where firmware starts it as a CD-ROM.
      ...['BOOT', ...base.efiVendors].map((vendor) => file(`EFI/${vendor}/grub.cfg`, finding)),
      file('coreos/features.json', featuresText),
      file('coreos/igninfo.json', prettyJson({ file: livePaths.ignition })),
      file('coreos/kargs.json', prettyJson(areas)),
      { path: livePaths.ignition, content: zeroContent(ignitionBytes) },
      { path: livePaths.kernel, content: kernelContent(base) },
      { path: livePaths.initramfs, content: liveInitramfs(base, rootfs) },
      { path: livePaths.rootfs, content: rootfs.content },
    ],
  });
}

/**
 * The label by which boot loader and live system find the medium. A tilde, which versions have, would have another name
 * among the links that udev makes.
 */
function volumeId(name: string, version: string): string {
  return `${name}-${version}`.replaceAll('~', '_').slice(0, 32);
}
