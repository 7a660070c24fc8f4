import type { LoaderEntry } from './loader-entry.ts';

/**
 * `/grub/grub.cfg` of the boot filesystem. It stays as it is for the life of the disk; the menu is
 * `/loader/grub.cfg`, which ostree replaces together with the entries at each deployment.
 * @param commands GRUB commands of the platform: terminals, mostly
 * @param readsEntries true for a GRUB that makes its menu of the entries in `/loader` itself
 */
export function grubConfig(commands: readonly string[], readsEntries: boolean): string {
  return `# Written when this disk was made; ${readsEntries ? 'the menu is made of the entries in /loader' : 'ostree writes the menu, /loader/grub.cfg'}.
# Whoever reads it has found this filesystem, by label or by UUID.
regexp --set=1:root '^\\(([^)]+)\\)' "$prefix"
set boot=$root
set default=0
set timeout=1
${commands.join('\n')}

# ostree's menu calls it; the terminal above is all the screen that is needed.
function load_video {
  set gfxpayload=keep
}

# The first boot: Ignition runs, and removes the file once it is done.
set ignition_firstboot=""
if [ -f /ignition.firstboot ]; then
  set ignition_network_kcmdline=""
  source /ignition.firstboot
  set ignition_firstboot="ignition.firstboot \${ignition_network_kcmdline}"
fi

${readsEntries ? 'blscfg' : 'source /loader/grub.cfg'}
`;
}

/** `/ignition.firstboot`: tells {@link grubConfig} that this is the first boot, and how the network comes up then. */
export function firstBootStamp(networkArguments: readonly string[]): string {
  return networkArguments.length === 0 ? '' : `set ignition_network_kcmdline="${networkArguments.join(' ')}"\n`;
}

/** The first `/loader/grub.cfg`: a menu with one entry. */
export function grubMenu(entry: LoaderEntry): string {
  // Unquoted, so that GRUB expands $ignition_firstboot among the options.
  return `menuentry '${entry.title.replaceAll("'", "'\\''")}' --class gnu-linux --class gnu --class os {
  linux ${entry.linux} ${entry.options}
  initrd ${entry.initrd}
}
`;
}
