import { z } from 'zod';
import { prettyJson } from '../lib/canonical-json.ts';
import { faultText, parseDocument } from '../lib/document.ts';
import { usageError } from '../lib/errors.ts';

// The Ignition configuration specification, version 3:
// https://coreos.github.io/ignition/configuration-v3_3/

/** Read by Ignition 2.14 (Debian 13) and all later ones. */
const version = '3.3.0';

interface IgnitionFile {
  path: string;
  /** Permission bits. */
  mode: number;
  content: string;
}

interface IgnitionUnit {
  name: string;
  content: string;
}

export interface IgnitionDropin {
  /** The unit that is extended. */
  unit: string;
  name: string;
  content: string;
}

export interface Provisioning {
  users?: readonly { name: string; sshKeys: readonly string[] }[];
  files?: readonly IgnitionFile[];
  /** Units to add and enable. */
  units?: readonly IgnitionUnit[];
  dropins?: readonly IgnitionDropin[];
  /** Text of a config that is merged over all this, from {@link checkIgnitionConfig}. */
  merge?: string | undefined;
}

/** The text of an Ignition config. */
export function ignitionConfig({ users = [], files = [], units = [], dropins = [], merge }: Provisioning): string {
  return prettyJson({
    ignition: { version, config: merge === undefined ? undefined : { merge: [{ source: dataUrl(merge) }] } },
    passwd: { users: users.map(({ name, sshKeys }) => ({ name, sshAuthorizedKeys: sshKeys })) },
    storage: {
      files: files.map(({ path, mode, content }) => ({
        path,
        mode,
        overwrite: true,
        contents: { source: dataUrl(content) },
      })),
    },
    systemd: {
      units: [
        ...units.map(({ name, content }) => ({ name, enabled: true, contents: content })),
        ...dropins.map(({ unit, name, content }) => ({ name: unit, dropins: [{ name, contents: content }] })),
      ],
    },
  });
}

/** RFC 2397: content of any kind in a config. */
function dataUrl(content: string): string {
  return `data:;base64,${Buffer.from(content).toString('base64')}`;
}

const userConfig = z.looseObject({
  ignition: z.looseObject({ version: z.string().regex(/^3\.\d+\.\d+/, 'must be 3.x.y') }),
});

/**
 * Checks that a user's file is an Ignition config of a version that can be merged; the rest is Ignition's to judge.
 * @returns the text
 * @throws CosaError `IGNITION_INVALID` (exit 2)
 */
export function checkIgnitionConfig(text: string, file: string): string {
  parseDocument(userConfig, text, (fault) =>
    usageError('IGNITION_INVALID', faultText(fault, 'the Ignition config '), {
      where: { file, ...fault.position },
      hint:
        fault.position === undefined
          ? 'an Ignition config begins with {"ignition": {"version": "3.3.0"}}'
          : 'a Butane config (YAML) must be translated first: butane FILE.bu > FILE.ign',
    }),
  );
  return text;
}

/** Logs a user in on the serial console without a password: for a machine of one's own that nobody else reaches. */
export function autologinDropin(user: string): IgnitionDropin {
  return {
    unit: 'serial-getty@ttyS0.service',
    name: '10-autologin.conf',
    content: `[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin ${user} --keep-baud 115200,57600,38400,9600 - $TERM\n`,
  };
}
