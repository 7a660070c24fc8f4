import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

export const hetzner: Platform = {
  name: 'hetzner',
  title: 'Hetzner Cloud',
  consoles: { x86_64: firmwareConsole, aarch64: firmwareConsole },
  sectorSize: 512,
  size: 'least',
  image: 'raw',
  ignition: { id: 'hetzner' },
  start: [
    {
      does: 'Make a snapshot of the disk, by way of a server that is thrown away; for aarch64 the architecture is arm',
      run: 'hcloud-upload-image upload --image-path IMAGE --architecture x86 --labels name=NAME',
    },
    {
      does: 'Start a server; user data are the configuration',
      run: `hcloud server create --name VM --type cx22 --ssh-key KEY --user-data-from-file CONFIG.ign \\
  --image "$(hcloud image list --type snapshot --selector name=NAME --sort created:desc -o noheader -o columns=id | head -n 1)"`,
    },
  ],
};
