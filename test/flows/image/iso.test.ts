import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { embedIgnition, removeIgnition, shownIgnition } from '../../../src/flows/image/iso-ignition.ts';
import { modifyArguments, resetIso, shownArguments } from '../../../src/flows/image/iso-kernel-arguments.ts';
import { encodeCpio } from '../../../src/lib/cpio/writer.ts';
import { areaSize, defaultArguments, fileOf, type IsoFiles, liveFiles, makeIso } from '../../helpers/live-iso.ts';

let directory: string;
const iso = 'live.iso';
const config = '{"ignition":{"version":"3.4.0"}}';
const nothing = { append: [], delete: [], replace: [] };

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'iso-'));
  makeIso(join(directory, 'pristine.iso'), liveFiles());
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => copyFileSync(join(directory, 'pristine.iso'), join(directory, iso)));

const at = (name: string) => join(directory, name);
const isPristine = (name: string) => readFileSync(at(name)).equals(readFileSync(at('pristine.iso')));
const embed = (text = config, force = false) => embedIgnition(text, { directory, iso, force });

/** What the area holds, by cpio and the program that decompresses. */
function members(program: string): string[] {
  const archive = execFileSync(program, ['-dc'], { input: withoutPadding(fileOf(at(iso), 'images/ignition.img')) });
  return execFileSync('cpio', ['-it', '--quiet'], { input: archive }).toString().trim().split('\n');
}

/** gzip complains of what follows. */
function withoutPadding(area: Buffer): Buffer {
  let end = area.length;
  while (area[end - 1] === 0) end--;
  // The last bytes of gzip are the size, whose upper half is zeros here.
  return area.subarray(0, end + ((4 - (end % 4)) % 4) + 4);
}

function changeArea(bytes: Buffer): void {
  const file = readFileSync(at(iso));
  const files = liveFiles();
  makeIso(at(iso), { ...files, 'images/ignition.img': Buffer.concat([bytes, Buffer.alloc(4096 - bytes.length)]) });
  expect(readFileSync(at(iso))).toHaveLength(file.length);
}

describe('the Ignition config of an ISO', () => {
  it('is embedded, shown, and removed without a trace', async () => {
    expect(await embed()).toBe(at(iso));
    expect(await shownIgnition(directory, iso)).toBe(config);
    await removeIgnition({ directory, iso });
    expect(isPristine(iso)).toBe(true);
    await expect(shownIgnition(directory, iso)).rejects.toMatchObject({
      code: 'ISO_IGNITION_MISSING',
      exitStatus: 1,
      message: `${at(iso)} has no Ignition config`,
    });
  });

  it('changes the area alone, and is what an initramfs is unpacked from', async () => {
    await embed();
    const before = readFileSync(at('pristine.iso'));
    const after = readFileSync(at(iso));
    const offset = after.indexOf(fileOf(at(iso), 'images/ignition.img'));
    before.copy(after, offset, offset, offset + 4096);
    expect(after.equals(before)).toBe(true);
    const area = fileOf(at(iso), 'images/ignition.img');
    const archive = execFileSync('sh', ['-c', 'gzip -dc 2>/dev/null || test $? = 2'], { input: area });
    expect(execFileSync('cpio', ['-i', '--to-stdout', '--quiet', 'config.ign'], { input: archive }).toString()).toBe(
      config,
    );
  });

  it('is replaced only if that is meant', async () => {
    await embed();
    const other = '{"ignition":{"version":"3.3.0"}}';
    await expect(embed(other)).rejects.toMatchObject({
      code: 'ISO_IGNITION_EXISTS',
      exitStatus: 2,
      message: `${at(iso)} has an Ignition config already`,
    });
    await embed(other, true);
    expect(await shownIgnition(directory, iso)).toBe(other);
  });

  it('goes into a copy, and the ISO stays as it is', async () => {
    expect(await embedIgnition(config, { directory, iso, output: 'copy.iso', force: false })).toBe(at('copy.iso'));
    expect(isPristine(iso)).toBe(true);
    expect(await shownIgnition(directory, 'copy.iso')).toBe(config);
    await expect(embedIgnition(config, { directory, iso, output: 'copy.iso', force: false })).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
      exitStatus: 2,
      message: `${at('copy.iso')} is there already`,
    });
  });

  it.each([
    ['xz', ['-9', '--check=crc32', '--stdout']],
    ['gzip', ['-9']],
    ['zstd', ['-19', '--stdout']],
    ['cat', []],
  ])('is read, and other files kept, when others wrote it with %s', async (program, options) => {
    const archive = encodeCpio([
      { path: 'config.ign', permissions: 0o600, content: Buffer.from('theirs') },
      { path: 'etc/coreos-firstboot-network/a.nmconnection', permissions: 0o600, content: Buffer.from('[connection]') },
    ]);
    changeArea(execFileSync(program, options, { input: archive }));
    expect(await shownIgnition(directory, iso)).toBe('theirs');
    await embed(config, true);
    expect(members('gzip')).toEqual([
      'config.ign',
      'etc',
      'etc/coreos-firstboot-network',
      'etc/coreos-firstboot-network/a.nmconnection',
    ]);
    await removeIgnition({ directory, iso });
    expect(members('gzip')).toEqual([
      'etc',
      'etc/coreos-firstboot-network',
      'etc/coreos-firstboot-network/a.nmconnection',
    ]);
  });

  it('lies where the ISO says, or where older ones had it', async () => {
    const files: IsoFiles = { ...liveFiles(), 'images/cdboot.img': Buffer.alloc(9000, 'x').fill(0, 1000, 6000) };
    const description = { file: 'images/cdboot.img', offset: 1000, length: 5000 };
    makeIso(at(iso), { ...files, 'coreos/igninfo.json': JSON.stringify(description) });
    await embed();
    expect(await shownIgnition(directory, iso)).toBe(config);
    const boot = fileOf(at(iso), 'images/cdboot.img');
    expect(boot.subarray(0, 1000).equals(Buffer.alloc(1000, 'x'))).toBe(true);
    expect(boot.subarray(6000).equals(Buffer.alloc(3000, 'x'))).toBe(true);
    const { 'coreos/igninfo.json': _igninfo, ...older } = liveFiles();
    makeIso(at(iso), older);
    await embed();
    expect(fileOf(at(iso), 'images/ignition.img').subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  });

  it('says by how much it is too large, and changes nothing then', async () => {
    const large = JSON.stringify({ ignition: { version: '3.4.0' }, noise: noise(6000) });
    await expect(embed(large)).rejects.toMatchObject({
      code: 'ISO_AREA_TOO_SMALL',
      exitStatus: 2,
      message: expect.stringMatching(
        /^the Ignition config does not fit: compressed, what is embedded in .*live\.iso has \d{4} bytes, \d+ more than the area's 4096$/,
      ),
    });
    expect(isPristine(iso)).toBe(true);
  });

  it('is out of reach in an area that nobody can read, until it is reset', async () => {
    changeArea(Buffer.from('what is this'));
    const message = `the areas of ${at(iso)} cannot be used: that for Ignition holds no archive: cpio: no header is at offset 0`;
    const expected = { code: 'ISO_AREA_INVALID', exitStatus: 4, message };
    await expect(shownIgnition(directory, iso)).rejects.toMatchObject(expected);
    await expect(embed()).rejects.toMatchObject(expected);
    await resetIso({ directory, iso, ignition: true });
    await embed();
  });
});

/** Text that no compressor makes much smaller. */
function noise(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return String.fromCharCode(64 + ((state >>> 16) & 63));
  }).join('');
}

describe("an ISO's kernel arguments", () => {
  it('are shown, changed for every boot loader, and reset', async () => {
    expect((await shownArguments(directory, iso, false)).arguments).toBe(defaultArguments);
    const changes = {
      append: ['console=ttyS0,115200n8'],
      delete: ['ignition.firstboot'],
      replace: ['mitigations=auto,nosmt=off'],
    };
    const changed = 'mitigations=off coreos.liveiso=os-1 ignition.platform.id=metal console=ttyS0,115200n8';
    expect(await modifyArguments({ directory, iso }, changes)).toEqual({ iso: at(iso), arguments: changed });
    for (const name of ['EFI/debian/grub.cfg', 'isolinux/isolinux.cfg']) {
      const text = fileOf(at(iso), name).toString();
      expect(text).toContain(` ${`${changed}\n`.padEnd(areaSize, '#')}# COREOS_KARG_EMBED_AREA\n`);
      expect(text).toHaveLength((liveFiles()[name] as string).length);
    }
    expect((await shownArguments(directory, iso, true)).arguments).toBe(defaultArguments);
    await resetIso({ directory, iso, ignition: false });
    expect(isPristine(iso)).toBe(true);
  });

  it.each([
    [
      { append: ['a b'] },
      'KERNEL_ARGUMENT_INVALID',
      /^the kernel argument "a b" must be one kernel argument of letters/,
    ],
    [
      { append: ['a;reboot'] },
      'KERNEL_ARGUMENT_INVALID',
      /^the kernel argument "a;reboot" must be one kernel argument/,
    ],
    [{ append: ['a\n'.repeat(2)] }, 'KERNEL_ARGUMENT_INVALID', /^the kernel argument "a\\na" must be/],
    [{ delete: [''] }, 'KERNEL_ARGUMENT_INVALID', /^the kernel argument "" must be one kernel argument$/],
    [{ replace: ['a=b'] }, 'KERNEL_ARGUMENT_INVALID', /^the kernel argument "a=b" must be KEY=OLD=NEW$/],
    [{ delete: ['quiet'] }, 'KERNEL_ARGUMENT_MISSING', /^there is no kernel argument "quiet" to delete or replace$/],
    [{ replace: ['a=b=c'] }, 'KERNEL_ARGUMENT_MISSING', /^there is no kernel argument "a=b" to delete or replace$/],
    [
      { append: ['a'.repeat(500)] },
      'ISO_AREA_TOO_SMALL',
      /^the kernel arguments do not fit: they have 590 bytes with their end, 78 more than the areas of .*live\.iso$/,
    ],
  ])('refuse %j', async (changes, code, message) => {
    await expect(modifyArguments({ directory, iso }, { ...nothing, ...changes })).rejects.toMatchObject({
      code,
      exitStatus: 2,
      message: expect.stringMatching(message),
    });
    expect(isPristine(iso)).toBe(true);
  });

  it('may fill the area but for the end', async () => {
    const left = areaSize - 1 - defaultArguments.length - 1;
    await modifyArguments({ directory, iso }, { ...nothing, append: ['a'.repeat(left)] });
    expect((await shownArguments(directory, iso, false)).arguments).toHaveLength(areaSize - 1);
  });

  /** Where the area of a boot loader begins in the file. */
  const areaAt = (file: Buffer, before: string) => {
    const position = file.indexOf(`${before}mitigations`);
    expect(position).toBeGreaterThan(0);
    return position + before.length;
  };
  const [grub, isolinux] = ['vmlinuz ', 'ignition.img '];

  /** Appends an argument as it is done in place, and is killed when so many bytes of the last area are written. */
  async function appendUntilKilled(argument: string, written: number): Promise<void> {
    const output = 'whole.iso';
    await modifyArguments({ directory, iso, output }, { ...nothing, append: [argument] });
    const [file, whole] = [readFileSync(at(iso)), readFileSync(at(output))];
    const [first, last] = [areaAt(file, grub), areaAt(file, isolinux)];
    whole.copy(file, first, first, first + areaSize);
    whole.copy(file, last, last, last + written);
    writeFileSync(at(iso), file);
    rmSync(at(output));
  }

  it('are mended by who runs again what was killed between two boot loaders', async () => {
    await appendUntilKilled('quiet', 0);
    await expect(shownArguments(directory, iso, false)).rejects.toMatchObject({
      code: 'ISO_AREA_INVALID',
      exitStatus: 4,
      message: `the areas of ${at(iso)} cannot be used: its boot loaders have different kernel arguments`,
      hint: 'what was writing them was killed: run it again; or "cosa iso kargs reset" makes them the defaults again',
    });
    await modifyArguments({ directory, iso }, { ...nothing, append: ['quiet'] });
    expect((await shownArguments(directory, iso, false)).arguments).toBe(`${defaultArguments} quiet`);
  });

  it('are changed from what they were, where another change was killed before', async () => {
    await appendUntilKilled('quiet', 0);
    await modifyArguments({ directory, iso }, { ...nothing, append: ['debug'] });
    expect((await shownArguments(directory, iso, false)).arguments).toBe(`${defaultArguments} debug`);
  });

  it('are refused where boot loaders differ for another reason, until they are reset', async () => {
    // The first sector of the last area has the new arguments, and what was behind them is the rest of a longer line.
    await modifyArguments({ directory, iso }, { ...nothing, append: ['x'.repeat(400)] });
    const file = readFileSync(at(iso));
    const sector = 512 - (areaAt(file, isolinux) % 512);
    const changes = { ...nothing, delete: ['x'.repeat(400)], append: ['y'.repeat(400)] };
    await modifyArguments({ directory, iso, output: 'whole.iso' }, changes);
    const whole = readFileSync(at('whole.iso'));
    rmSync(at('whole.iso'));
    whole.copy(file, areaAt(file, grub), areaAt(file, grub), areaAt(file, grub) + areaSize);
    whole.copy(file, areaAt(file, isolinux), areaAt(file, isolinux), areaAt(file, isolinux) + sector);
    writeFileSync(at(iso), file);
    await expect(modifyArguments({ directory, iso }, { ...nothing, append: ['quiet'] })).rejects.toMatchObject({
      code: 'ISO_AREA_INVALID',
      exitStatus: 4,
      message: `the areas of ${at(iso)} cannot be used: its boot loaders have different kernel arguments`,
      hint: 'what was writing them may have been killed: "cosa iso kargs reset" makes them the defaults again',
    });
    await resetIso({ directory, iso, ignition: false });
    expect((await shownArguments(directory, iso, false)).arguments).toBe(defaultArguments);
  });
});

describe('an ISO', () => {
  const description = (changes: object) =>
    JSON.stringify({ ...JSON.parse(liveFiles()['coreos/kargs.json'] as string), ...changes });

  it.each<[string, IsoFiles | undefined, string, RegExp]>([
    [
      'without areas',
      { a: 'b' },
      'ISO_AREA_MISSING',
      /has no areas for kernel arguments: it has no coreos\/kargs\.json$/,
    ],
    [
      'whose description is none',
      { 'coreos/kargs.json': '{' },
      'ISO_AREA_INVALID',
      /coreos\/kargs\.json: it is not JSON$/,
    ],
    [
      'with areas that no kernel reads',
      { 'coreos/kargs.json': description({ size: 4096 }) },
      'ISO_AREA_INVALID',
      /size: Too big: expected number to be <=2048$/,
    ],
    [
      'with an area in a file that is not there',
      { 'coreos/kargs.json': description({ files: [{ path: '../../x', offset: 0 }] }) },
      'ISO_AREA_INVALID',
      /it has no file "\.\.\/\.\.\/x"$/,
    ],
    [
      "with an area behind its file's end",
      { 'coreos/kargs.json': description({ files: [{ path: 'isolinux/isolinux.cfg', offset: 9_000_000 }] }) },
      'ISO_AREA_INVALID',
      /"isolinux\/isolinux\.cfg" has \d+ bytes, and the area lies behind its end$/,
    ],
    [
      'whose default does not fit',
      { 'coreos/kargs.json': description({ default: 'x'.repeat(600) }) },
      'ISO_AREA_INVALID',
      /the default kernel arguments have more than the areas' 512 bytes$/,
    ],
  ])('%s is refused', async (_name, files, code, message) => {
    makeIso(at(iso), { ...('a' in (files ?? {}) ? {} : liveFiles()), ...files });
    await expect(shownArguments(directory, iso, false)).rejects.toMatchObject({
      code,
      exitStatus: 4,
      message: expect.stringMatching(message),
    });
  });

  it('without an area for Ignition is refused', async () => {
    makeIso(at(iso), { a: 'b' });
    await expect(embed()).rejects.toMatchObject({
      code: 'ISO_AREA_MISSING',
      exitStatus: 4,
      message: `${at(iso)} has no area for an Ignition config`,
    });
  });

  it('may have plain names instead of the shortest', async () => {
    makeIso(at(iso), liveFiles(), '-iso-level', '4');
    await embed();
    expect(await shownIgnition(directory, iso)).toBe(config);
  });

  it('is a file that is there', async () => {
    await expect(shownIgnition(directory, 'none.iso')).rejects.toMatchObject({
      code: 'ISO_MISSING',
      exitStatus: 2,
      message: `there is no ISO ${at('none.iso')}`,
    });
    await expect(shownIgnition(directory, '.')).rejects.toMatchObject({ code: 'NOT_A_FILE', exitStatus: 2 });
  });

  it('is no other file, and complete', async () => {
    writeFileSync(at(iso), Buffer.alloc(100_000));
    await expect(embed()).rejects.toMatchObject({
      code: 'ISO_INVALID',
      exitStatus: 4,
      message: `${at(iso)} is no ISO`,
    });
    writeFileSync(at(iso), '');
    await expect(embed()).rejects.toMatchObject({ code: 'ISO_INVALID', message: `${at(iso)} is no ISO` });
    copyFileSync(at('pristine.iso'), at(iso));
    const { length } = readFileSync(at(iso));
    truncateSync(at(iso), length - 2048);
    await expect(embed()).rejects.toMatchObject({
      code: 'ISO_INVALID',
      exitStatus: 4,
      message: `${at(iso)} has ${length - 2048} bytes of the ${length} that the ISO has`,
    });
  });

  it('is never read beyond its bounds, whatever its directories say', async () => {
    const pristine = readFileSync(at('pristine.iso'));
    // The root's directory: what its records say of places, lengths, names.
    const root = pristine.readUInt32LE(16 * 2048 + 158) * 2048;
    for (let offset = root; offset < root + 400; offset += 1) {
      const file = Buffer.from(pristine);
      file[offset] = 0xff;
      writeFileSync(at(iso), file);
      try {
        expect(await shownArguments(directory, iso, true)).toMatchObject({ arguments: defaultArguments });
      } catch (error) {
        expect((error as { code: string }).code).toMatch(/^ISO_(INVALID|AREA_MISSING|AREA_INVALID)$/);
      }
    }
  });
});
