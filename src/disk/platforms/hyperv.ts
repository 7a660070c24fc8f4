import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

export const hyperv: Platform = {
  name: 'hyperv',
  title: 'Microsoft Hyper-V',
  consoles: { x86_64: firmwareConsole, aarch64: firmwareConsole },
  sectorSize: 512,
  size: 'image',
  image: 'vhdx',
  ignition: { id: 'hyperv' },
  start: [
    {
      does: 'Make a machine of the second generation with a copy of the disk, in PowerShell',
      run: `New-VM -Name VM -Generation 2 -MemoryStartupBytes 2GB -VHDPath IMAGE -SwitchName SWITCH
Set-VMFirmware -VMName VM -SecureBootTemplate MicrosoftUEFICertificateAuthority`,
    },
    {
      does: 'Give it a configuration, as key-value pairs',
      run: 'kvpctl.exe VM add-ign CONFIG.ign',
    },
    { does: 'Start it', run: 'Start-VM -Name VM' },
  ],
};
