import type { Command } from '@commander-js/extra-typings';
import type { ArchitectureName } from '../lib/architecture.ts';
import { hostArchitecture } from '../lib/architecture.ts';
import type { ConfigRequest } from '../workspace/config-directory.ts';
import { architectureOption } from './architecture-option.ts';
import type { Context } from './context.ts';
import { collect } from './parsers.ts';

/** What commands that read a config and nothing else are told. */
export interface ConfigOptions {
  arch?: ArchitectureName | undefined;
  variable?: string[] | undefined;
  variant?: string | undefined;
  stream?: string | undefined;
  baseManifest?: string | undefined;
}

/** Adds the options by which a part of a config is chosen. */
export function addConfigOptions<Args extends unknown[]>(command: Command<Args>) {
  return command
    .addOption(architectureOption('the config as it is for this architecture; that of this machine unless given'))
    .option(
      '--variable <name=value>',
      'a variable, as if a file had it that includes the manifest; may be given several times',
      collect,
    )
    .option('--variant <name>', 'read manifest-NAME.yaml, image-NAME.yaml and build-args-NAME.conf')
    .option('--stream <stream>', 'the config as it is for this stream')
    .option('--base-manifest <path>', 'a directory or manifest that the config builds upon, as weaker than all of it');
}

/** The request that the options make. */
export function configRequest(context: Context, config: string | undefined, options: ConfigOptions): ConfigRequest {
  return {
    directory: context.directory,
    config,
    architecture: options.arch ?? hostArchitecture().name,
    variables: options.variable ?? [],
    variant: options.variant,
    stream: options.stream,
    baseManifest: options.baseManifest,
  };
}
