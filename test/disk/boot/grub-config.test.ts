import { describe, expect, it } from 'vitest';
import { firstBootStamp, grubConfig, grubMenu } from '../../../src/disk/boot/grub-config.ts';

describe('GRUB configuration', () => {
  it('runs the platform’s commands before the menu', () => {
    const config = grubConfig(['serial --speed=115200', 'terminal_input serial console'], false);
    const lines = config.split('\n');
    expect(lines.indexOf('terminal_input serial console')).toBe(lines.indexOf('serial --speed=115200') + 1);
    expect(lines.indexOf('source /loader/grub.cfg')).toBeGreaterThan(lines.indexOf('terminal_input serial console'));
  });

  it('leaves $ignition_firstboot to GRUB', () => {
    const entry = { title: "It's 1", linux: '/k', initrd: '/i', options: 'rw $ignition_firstboot ostree=/x' };
    expect(grubMenu(entry)).toBe(
      "menuentry 'It'\\''s 1' --class gnu-linux --class gnu --class os {\n  linux /k rw $ignition_firstboot ostree=/x\n  initrd /i\n}\n",
    );
  });

  it.each([
    [[], ''],
    [['ip=dhcp', 'rd.neednet=1'], 'set ignition_network_kcmdline="ip=dhcp rd.neednet=1"\n'],
  ])('stamps the first boot with network arguments %j', (networkArguments, text) => {
    expect(firstBootStamp(networkArguments)).toBe(text);
  });
});
