import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

export const exoscale: Platform = {
  name: 'exoscale',
  title: 'Exoscale',
  consoles: { x86_64: firmwareConsole },
  sectorSize: 512,
  size: 'image',
  image: 'qcow2',
  ignition: { id: 'exoscale' },
  start: [
    { does: 'Upload the disk, for all to read', run: 'exo storage upload --acl public-read IMAGE sos://BUCKET/' },
    {
      does: 'Register a template',
      run: `exo compute instance-template register NAME https://sos-ZONE.exo.io/BUCKET/IMAGE "$(md5sum <IMAGE | cut -d' ' -f1)" \\
  --zone ZONE --boot-mode uefi --disable-password --username core`,
    },
    {
      does: 'Start an instance; user data are the configuration',
      run: 'exo compute instance create VM --zone ZONE --template NAME --template-visibility private --cloud-init CONFIG.ign',
    },
  ],
};
