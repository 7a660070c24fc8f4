import { screenLast } from './consoles.ts';
import type { Platform } from './platform.ts';

export const vmware: Platform = {
  name: 'vmware',
  title: 'VMware vSphere, Workstation and Fusion',
  consoles: { x86_64: screenLast },
  sectorSize: 512,
  size: 'image',
  image: 'vmware-ova',
  ignition: { id: 'vmware' },
  start: [
    { does: 'Import it with govc', run: 'govc import.ova -name VM IMAGE' },
    {
      does: 'Give it a configuration',
      run: `govc vm.change -vm VM \\
  -e "guestinfo.ignition.config.data=$(gzip -9c CONFIG.ign | base64 -w0)" \\
  -e guestinfo.ignition.config.data.encoding=gzip+base64`,
    },
    { does: 'Start it', run: 'govc vm.power -on VM' },
  ],
};
