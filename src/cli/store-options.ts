import type { Command, OptionValues } from '@commander-js/extra-typings';
import { Option, type Command as UntypedCommand } from 'commander';
import type { StoreOptions } from '../publish/store-environment.ts';

const heading = 'Store options:';

/** The values as commander keeps them. */
type StoreOptionValues = {
  endpoint?: string | undefined;
  region?: string | undefined;
  baseUrl?: string | undefined;
};

/** Adds the options of a command that takes the URL of an object store. */
export function withStoreOptions<Args extends unknown[], Options extends OptionValues>(
  command: Command<Args, Options>,
): Command<Args, Options & StoreOptionValues> {
  const options = [
    new Option(
      '--endpoint <url>',
      "server that speaks S3; AWS's own, or what the AWS configuration names, unless given",
    ),
    new Option('--region <name>', "the bucket's region; what the AWS configuration names unless given"),
    new Option('--base-url <url>', 'address under which people find the files; follows from the store unless given'),
  ];
  // The untyped command is the same object.
  for (const option of options) (command as unknown as UntypedCommand).addOption(option.helpGroup(heading));
  return command;
}

/** Their values, as stores are opened with them. */
export function storeOptions({ endpoint, region, baseUrl }: StoreOptionValues): StoreOptions {
  return { endpoint, region, baseUrl };
}
