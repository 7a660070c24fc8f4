import { expect, test } from 'vitest';
import { z } from 'zod';
import { autologinDropin, checkIgnitionConfig, ignitionConfig, type Provisioning } from '../../src/vm/ignition.ts';

/** What of https://coreos.github.io/ignition/configuration-v3_3/ we write; strict, as Ignition is. */
const source = z.strictObject({ source: z.string().startsWith('data:;base64,') });
const specification = z.strictObject({
  ignition: z.strictObject({
    version: z.literal('3.3.0'),
    config: z.strictObject({ merge: z.array(source) }).optional(),
  }),
  passwd: z.strictObject({
    users: z.array(z.strictObject({ name: z.string(), sshAuthorizedKeys: z.array(z.string()) })),
  }),
  storage: z.strictObject({
    files: z.array(
      z.strictObject({
        path: z.string().startsWith('/'),
        mode: z.number().int().max(0o7777),
        overwrite: z.boolean(),
        contents: source,
      }),
    ),
  }),
  systemd: z.strictObject({
    units: z.array(
      z.strictObject({
        name: z.string(),
        enabled: z.boolean().optional(),
        contents: z.string().optional(),
        dropins: z.array(z.strictObject({ name: z.string(), contents: z.string() })).optional(),
      }),
    ),
  }),
});

function parsed(provisioning: Provisioning): z.infer<typeof specification> {
  return specification.parse(JSON.parse(ignitionConfig(provisioning)));
}

function decoded(url: string): string {
  return Buffer.from(url.slice('data:;base64,'.length), 'base64').toString();
}

test('users, files, units and drop-ins', () => {
  const config = parsed({
    users: [{ name: 'core', sshKeys: ['ssh-ed25519 AAAA cosa'] }],
    files: [{ path: '/etc/motd', mode: 0o644, content: 'grüße\n' }],
    units: [{ name: 'a.service', content: '[Service]\nExecStart=/bin/true\n' }],
    dropins: [autologinDropin('core')],
  });
  expect(config.passwd.users).toEqual([{ name: 'core', sshAuthorizedKeys: ['ssh-ed25519 AAAA cosa'] }]);
  expect(config.storage.files[0]).toMatchObject({ path: '/etc/motd', mode: 420, overwrite: true });
  expect(decoded(config.storage.files[0]?.contents.source ?? '')).toBe('grüße\n');
  expect(config.systemd.units.map(({ name }) => name)).toEqual(['a.service', 'serial-getty@ttyS0.service']);
  expect(config.systemd.units[1]?.dropins?.[0]?.contents).toContain('--autologin core');
});

test('nothing asked for is a config too', () => {
  expect(parsed({})).toMatchObject({ passwd: { users: [] }, storage: { files: [] }, systemd: { units: [] } });
});

test("a user's config travels inside, byte by byte", () => {
  const merge = '{"ignition":{"version":"3.4.0"}}\n';
  const [inner] = parsed({ merge }).ignition.config?.merge ?? [];
  expect(decoded(inner?.source ?? '')).toBe(merge);
});

test("a user's config is taken as it is", () => {
  const text = '{"ignition": {"version": "3.0.0"}, "storage": {"disks": []}}';
  expect(checkIgnitionConfig(text, 'a.ign')).toBe(text);
});

test.each([
  ['variant: fcos\nversion: 1.5.0\n', /^the Ignition config is not JSON$/],
  ['[]', /^Invalid input: expected object, received array$/],
  ['{"variant": "fcos"}', /^ignition: Invalid input: expected object, received undefined$/],
  ['{"ignition": {"version": "2.2.0"}}', /^ignition\.version: must be 3\.x\.y$/],
])('what is no Ignition config is refused: %j', (text, message) => {
  let error: unknown;
  try {
    checkIgnitionConfig(text, 'a.ign');
  } catch (caught) {
    error = caught;
  }
  expect(error).toMatchObject({
    code: 'IGNITION_INVALID',
    exitStatus: 2,
    message: expect.stringMatching(message),
    where: { file: 'a.ign' },
  });
});
