import { describe, expect, it } from 'vitest';
import { configuredKernelArguments, grubCommands, kernelArguments } from '../../src/contract/boot-loader-text.ts';

function complaint(schema: typeof kernelArguments, values: readonly string[]): string | undefined {
  return schema.safeParse(values).error?.issues[0]?.message;
}

const oneArgument =
  'must be one kernel argument of letters, digits and _.,:=/@%+~[]- alone: the boot loader reads others as its own';

describe('kernel arguments', () => {
  it.each([
    'rw',
    'console=ttyS0,115200n8',
    'mitigations=auto,nosmt',
    'root=UUID=0a1b2c3d-0000-4000-a000-000000000001',
    'ip=[fe80::1]:::64:host.example:ens3:none',
    'rd.luks.options=discard,tpm2-device=auto',
    'systemd.unit=multi-user@1.target',
    'firmware_class.path=/usr/lib/x~1+2%3',
  ])('%s', (argument) => {
    expect(complaint(kernelArguments, [argument])).toBeUndefined();
  });

  it.each([
    ['a variable of GRUB', 'x=$prefix', oneArgument],
    ['a command behind it', 'quiet;reboot', oneArgument],
    ['a second line', 'quiet\nreboot', 'must be one line without control characters'],
    ['two arguments', 'quiet splash', oneArgument],
    ['a quote', "x='y", oneArgument],
    ['a double quote', 'dyndbg="file x +p"', oneArgument],
    ['a backslash', 'x=\\', oneArgument],
    ['the end of the menu entry', '}', oneArgument],
    ['a block', '{x', oneArgument],
    ['a comment', '#x', oneArgument],
    ['a pipe', 'a|b', oneArgument],
    ['the background', 'a&', oneArgument],
    ['a redirection', 'a>b', oneArgument],
    ['a wildcard', 'a=*', oneArgument],
    ['a device', '(hd0)', oneArgument],
    ['an option of the command', '--verbose', oneArgument],
    ['letters of other alphabets', 'x=ü', oneArgument],
    ['an escape sequence', 'x=\u001b[2J', 'must be one line without control characters'],
    ['nothing', '', 'must not be empty'],
    ['very much', 'x'.repeat(513), 'must have at most 512 characters'],
  ])('are not %s', (_name, argument, message) => {
    expect(complaint(kernelArguments, ['quiet', argument])).toBe(message);
  });

  it('may have the name of the stream in a config, and not in a container', () => {
    expect(complaint(configuredKernelArguments, ['x={stream}.y'])).toBeUndefined();
    expect(complaint(configuredKernelArguments, ['x={other}'])).toBe(oneArgument);
    expect(complaint(kernelArguments, ['x={stream}'])).toBe(oneArgument);
  });

  it('are not any number', () => {
    expect(complaint(kernelArguments, Array<string>(65).fill('x'))).toBe('must be at most 64');
  });
});

const oneCommand =
  'must be serial, set, terminal_input or terminal_output with words of letters, digits and _.,:=/+- alone';

describe('GRUB commands', () => {
  it.each([
    'serial --speed=115200',
    'serial --speed=115200 efi0',
    'terminal_input serial console',
    'terminal_output serial_efi0',
    'set gfxmode=1024x768,auto',
  ])('%s', (command) => {
    expect(complaint(grubCommands, [command])).toBeUndefined();
  });

  it.each([
    ['another command', 'configfile /evil.cfg'],
    ['a command behind it', 'serial; reboot'],
    ['a command on the next line', 'serial\u2028reboot'],
    ['a variable', 'set root=$x'],
    ['a quote', "set x='"],
    ['a block', 'serial {'],
    ['a name that begins alike', 'serials x'],
    ['a path', '/boot/x'],
  ])('are not %s', (_name, command) => {
    expect(complaint(grubCommands, [command])).toBe(oneCommand);
  });
});
