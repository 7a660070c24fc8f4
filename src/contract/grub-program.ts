/**
 * Finds in the bytes of a GRUB for UEFI what decides by which configuration it boots. The modules in a signed GRUB are not
 * compressed, and what it was made with stands behind them.
 */
export interface GrubFinder {
  /** Takes the program's bytes, in order. The chunk is read at once. */
  write(chunk: Uint8Array): void;
  /**
   * Whether it has the command `blscfg`, by which it reads the entries of the Boot Loader Specification itself: distributions
   * of one family have long added it, and GRUB has its own since 2.14.
   */
  readsEntries(): boolean;
  /** The directory below EFI where it looks for its configuration, `fedora`: of whoever has made it. */
  vendor(): string | undefined;
}

const command = Buffer.from('blscfg\0');

/** A directory of the EFI system partition that may have a vendor's name. */
const vendorName = '[A-Za-z0-9][A-Za-z0-9._-]{0,31}';
const vendorPattern = new RegExp(`^${vendorName}$`);
/** The zero ends the text: a path that goes on is that of something else. */
const prefixPattern = new RegExp(`/EFI/(${vendorName})\0`, 'g');

/** What the specification has for kernels, which GRUB with `blscfg` names. */
const kernelDirectory = 'Linux';

/** More than anything that is looked for. */
const seamBytes = 64;

/** True for a name that a vendor's directory may have; `BOOT` is that of what firmware starts, and nobody's. */
export function isVendorDirectory(name: string): boolean {
  return vendorPattern.test(name) && !/^boot$/i.test(name);
}

export function grubFinder(): GrubFinder {
  let carried = Buffer.alloc(0);
  let hasCommand = false;
  let prefix: string | undefined;
  return {
    write(chunk) {
      const bytes = Buffer.concat([carried, chunk]);
      hasCommand ||= bytes.includes(command);
      // The prefix stands last.
      for (const [, name] of bytes.toString('latin1').matchAll(prefixPattern)) {
        if (name !== kernelDirectory) prefix = name;
      }
      // What lies across the seam is found, too.
      carried = Buffer.from(bytes.subarray(-seamBytes));
    },
    readsEntries: () => hasCommand,
    vendor: () => prefix,
  };
}
