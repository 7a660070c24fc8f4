import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { SiteSourceOptions } from '../flows/site/source.ts';
import { storeOptions, withStoreOptions } from './store-options.ts';

type SiteSourceValues = Parameters<typeof storeOptions>[0] & {
  from?: string | undefined;
  store?: string | undefined;
};

/** Adds the options that say what a site shows. */
export function withSiteSource<Args extends unknown[], Options extends OptionValues>(command: Command<Args, Options>) {
  return withStoreOptions(
    command
      .option('--from <place>', "a work directory, a registry's repository or a layout, instead of this work directory")
      .option('--store <url>', 'an object store with published disk images: s3://BUCKET/PREFIX or file:///DIR'),
  );
}

/** Their values. @param directory where the command runs */
export function siteSource(directory: string, { from, store, ...others }: SiteSourceValues): SiteSourceOptions {
  return { directory, from, store: store === undefined ? undefined : { url: store, options: storeOptions(others) } };
}
