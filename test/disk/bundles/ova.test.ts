import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namespaces, type OvfMachine } from '../../../src/disk/bundles/ova/machine.ts';
import { virtualboxOvf } from '../../../src/disk/bundles/ova/virtualbox-ovf.ts';
import { vmwareOvf } from '../../../src/disk/bundles/ova/vmware-ovf.ts';
import { digestOf } from '../../../src/lib/digest.ts';
import { derivedUuid } from '../../../src/lib/uuid.ts';

const run = promisify(execFile);

const identity = { uuid: (purpose: string) => derivedUuid(digestOf('a container'), purpose), fileName: 'x.ova' };
const machine: OvfMachine = {
  product: { name: 'Example', version: '13.0.0' },
  diskSize: 10 * 2 ** 30,
  populatedSize: 65536,
  file: { name: 'disk.vmdk', size: 1234 },
};

let directory: string;
let files = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-ovf-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** A descriptor as a parser of XML sees it. */
async function parsed(text: string) {
  const path = join(directory, `${files++}.ovf`);
  await writeFile(path, text);
  /** The value of an XPath expression. Names are looked for in whatever namespace. */
  return async (expression: string): Promise<string> => {
    const { stdout } = await run('xmllint', ['--nonet', '--noent', '--xpath', expression, path]);
    return stdout.trimEnd();
  };
}

const element = (name: string) => `//*[local-name()='${name}']`;
const attribute = (of: string, name: string) => `string(${element(of)}/@*[local-name()='${name}'])`;

const settings = { hardwareVersion: 13, secureBoot: true };
const descriptors: Record<string, (of: OvfMachine) => string> = {
  VMware: (of) => vmwareOvf(of, settings),
  VirtualBox: (of) => virtualboxOvf(of, identity),
};

// DSP0243, version 1.1: sections 6 to 9.
describe.each(Object.entries(descriptors))('a descriptor for %s', (_, describeMachine) => {
  it('names one file, and one disk that lies in it', async () => {
    const value = await parsed(describeMachine(machine));
    expect(await value('namespace-uri(/*)')).toBe(namespaces.ovf);
    expect(await value('local-name(/*)')).toBe('Envelope');
    expect(await value(`count(${element('File')})`)).toBe('1');
    expect(await value(attribute('File', 'href'))).toBe('disk.vmdk');
    expect(await value(attribute('File', 'size'))).toBe('1234');
    expect(await value(`count(${element('Disk')})`)).toBe('1');
    expect(await value(attribute('Disk', 'fileRef'))).toBe(await value(attribute('File', 'id')));
    expect(await value(attribute('Disk', 'capacity'))).toBe(String(machine.diskSize));
    expect(await value(attribute('Disk', 'capacityAllocationUnits'))).toBe('byte');
    expect(await value(attribute('Disk', 'populatedSize'))).toBe('65536');
    expect(await value(attribute('Disk', 'format'))).toContain('#streamOptimized');
    expect(await value(`string(${element('HostResource')})`)).toBe(
      `ovf:/disk/${await value(attribute('Disk', 'diskId'))}`,
    );
  });

  it('has its sections in their order, each with an Info first', async () => {
    const value = await parsed(describeMachine(machine));
    const children = ['References', 'DiskSection', 'NetworkSection', 'VirtualSystem'];
    for (const [index, name] of children.entries()) expect(await value(`local-name(/*/*[${index + 1}])`)).toBe(name);
    expect(await value('count(/*/*)')).toBe(String(children.length));
    const described = `//*[contains(local-name(), 'Section') or local-name() = 'VirtualSystem']`;
    expect(await value(`count(${described}[local-name(*[1]) != 'Info'])`)).toBe('0');
    expect(await value(`count(${element('VirtualHardwareSection')})`)).toBe('1');
    expect(await value(`count(${element('OperatingSystemSection')}/@*[local-name()='id'])`)).toBe('1');
  });

  it('has items that are told apart, lie in each other, and are in networks that there are', async () => {
    const value = await parsed(describeMachine(machine));
    const items = Number(await value(`count(${element('Item')})`));
    expect(items).toBe(6);
    const instance = `${element('Item')}/*[local-name()='InstanceID']`;
    expect(
      await value(`count(${instance}[. = preceding::*[local-name()='InstanceID' and parent::*[local-name()='Item']]])`),
    ).toBe('0');
    expect(await value(`count(${element('Parent')}[not(. = ${instance})])`)).toBe('0');
    const networks = `${element('Network')}/@*[local-name()='name']`;
    expect(await value(`count(${element('Connection')}[not(. = ${networks})])`)).toBe('0');
    for (const name of ['ElementName', 'InstanceID', 'ResourceType'])
      expect(await value(`count(${element('Item')}[count(*[local-name()='${name}']) = 1])`)).toBe(String(items));
    const strange = `${element('Item')}/*[namespace-uri() != '${namespaces.rasd}']`;
    expect(await value(`count(${strange})`)).toBe('0');
  });

  it('takes no markup from names', async () => {
    const name = `"/><File ovf:href='x'>&amp;]]>\u001b[31m`;
    const value = await parsed(describeMachine({ ...machine, product: { name, version: '</Version><Item/>' } }));
    expect(await value(`string(${element('Product')})`)).toBe(name.replace('\u001b', '\ufffd'));
    expect(await value(`string(${element('Version')})`)).toBe('</Version><Item/>');
    expect(await value(`count(${element('File')})`)).toBe('1');
    expect(await value(`count(${element('Item')})`)).toBe('6');
  });

  it('is as long as its values and no more, so that room can be left for it', () => {
    const most = {
      ...machine,
      populatedSize: Number.MAX_SAFE_INTEGER,
      file: { name: 'disk.vmdk', size: Number.MAX_SAFE_INTEGER },
    };
    expect(describeMachine(most).length).toBeGreaterThanOrEqual(describeMachine(machine).length);
  });
});

describe('a descriptor for VMware', () => {
  it.each([
    [{ hardwareVersion: 13, secureBoot: true }, 'other3xLinux64Guest', 'vmx-13', 'true'],
    [{ hardwareVersion: 15, secureBoot: false }, 'other4xLinux64Guest', 'vmx-15', 'false'],
    [{ hardwareVersion: 21, secureBoot: true }, 'other5xLinux64Guest', 'vmx-21', 'true'],
    [
      { osType: 'debian12_64Guest" x="', hardwareVersion: 20, secureBoot: true },
      'debian12_64Guest" x="',
      'vmx-20',
      'true',
    ],
  ])('says what image.json says: %j', async (given, osType, family, secureBoot) => {
    const value = await parsed(vmwareOvf(machine, given));
    expect(await value(attribute('OperatingSystemSection', 'osType'))).toBe(osType);
    expect(await value(`string(${element('VirtualSystemType')})`)).toBe(family);
    const config = (key: string) => `string(${element('Config')}[@*='${key}']/@*[local-name()='value'])`;
    expect(await value(config('bootOptions.efiSecureBootEnabled'))).toBe(secureBoot);
    expect(await value(config('firmware'))).toBe('efi');
  });

  it('asks for the configuration of Ignition', async () => {
    const value = await parsed(vmwareOvf(machine, settings));
    expect(await value(attribute('VirtualHardwareSection', 'transport'))).toBe('com.vmware.guestInfo');
    const keys = `count(${element('Property')}[starts-with(@*[local-name()='key'], 'guestinfo.ignition.config.data')])`;
    expect(await value(keys)).toBe('2');
  });
});

it('gives VirtualBox a machine whose disk is the one described', async () => {
  const value = await parsed(virtualboxOvf(machine, identity));
  const uuid = await value(attribute('Disk', 'uuid'));
  expect(uuid).toBe(identity.uuid('virtualbox disk'));
  expect(await value(attribute('Image', 'uuid'))).toBe(`{${uuid}}`);
  expect(await value(attribute('Firmware', 'type'))).toBe('EFI');
});
