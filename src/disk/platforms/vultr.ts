import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

export const vultr: Platform = {
  name: 'vultr',
  title: 'Vultr',
  consoles: { x86_64: firmwareConsole },
  sectorSize: 512,
  size: 'least',
  image: 'raw',
  ignition: { id: 'vultr' },
  start: [
    {
      does: 'Let it fetch the disk, not compressed, from where you published it',
      run: 'vultr-cli snapshot create-url --url https://HOST/IMAGE',
    },
    {
      does: 'Start an instance; user data are the configuration',
      run: `vultr-cli instance create --region REGION --plan vc2-1c-2gb --snapshot SNAPSHOT \\
  --userdata "$(cat CONFIG.ign)"`,
    },
  ],
};
