import { z } from 'zod';
import { grubCommands, kernelArguments } from './boot-loader-text.ts';

/** The keys of a platform in platforms.json, all with a default. platforms.yaml has them by architecture. */
export const platformKeys = {
  /** Lines of grub.cfg that set up consoles. */
  grub_commands: { schema: grubCommands, default: [] },
  /** Besides `ignition.platform.id`. */
  kernel_arguments: { schema: kernelArguments, default: [] },
} as const;

/** One platform, with its defaults filled in. Keys that a newer version knows are let through unread. */
export const platformSettingsSchema = z.object({
  grub_commands: platformKeys.grub_commands.schema.default([]),
  kernel_arguments: platformKeys.kernel_arguments.schema.default([]),
});

/** What platforms.json says of one platform. */
export type PlatformSettings = { readonly [Key in keyof typeof platformKeys]: readonly string[] };

/** platforms.json: platforms by name. One that it does not name has what the disk builder has for it. */
export const platformsSchema = z.record(z.string(), platformSettingsSchema);
