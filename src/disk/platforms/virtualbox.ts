import { screenLast } from './consoles.ts';
import type { Platform } from './platform.ts';

export const virtualbox: Platform = {
  name: 'virtualbox',
  title: 'Oracle VirtualBox',
  consoles: { x86_64: screenLast },
  sectorSize: 512,
  size: 'image',
  image: 'virtualbox-ova',
  ignition: { id: 'virtualbox' },
  start: [
    { does: 'Import it', run: 'VBoxManage import --vsys 0 --vmname VM IMAGE' },
    {
      does: 'Give it a configuration',
      run: 'VBoxManage guestproperty set VM /Ignition/Config "$(cat CONFIG.ign)"',
    },
    { does: 'Start it', run: 'VBoxManage startvm VM' },
  ],
};
