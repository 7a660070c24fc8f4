import type { Command, OptionValues } from '@commander-js/extra-typings';
import type { ArchitectureName } from '../lib/architecture.ts';
import { hostArchitecture } from '../lib/architecture.ts';
import type { ConfigRequest } from '../workspace/config-directory.ts';
import type { SaidOfConfig } from '../workspace/open-config.ts';
import { parseVariables } from '../workspace/variables.ts';
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

/** What is said of a config that is built. */
export interface SaidOptions {
  arch?: ArchitectureName | undefined;
  variable?: string[] | undefined;
  baseManifest?: string | undefined;
}

/** Adds `--variable`. */
function addVariableOption<Args extends unknown[], Options extends OptionValues>(command: Command<Args, Options>) {
  return command.option(
    '--variable <name=value>',
    'a variable, as if a file had it that includes the manifest; may be given several times',
    collect,
  );
}

/** Adds the options that say what is built of the config. */
export function addSaidOptions<Args extends unknown[], Options extends OptionValues>(command: Command<Args, Options>) {
  return addVariableOption(command).option(
    '--base-manifest <path|reference>',
    "what the config builds upon: a manifest, its directory, or an image; that of the config's builder image unless given",
  );
}

/** What the options say. */
export function saidOfConfig(context: Context, { arch, variable = [], baseManifest }: SaidOptions): SaidOfConfig {
  return {
    architecture: arch ?? hostArchitecture().name,
    variables: parseVariables(variable),
    baseManifest: baseManifest === undefined ? undefined : { name: baseManifest, directory: context.directory },
  };
}

/** Adds the options by which a part of a config is chosen. */
export function addConfigOptions<Args extends unknown[]>(command: Command<Args>) {
  return addVariableOption(
    command.addOption(
      architectureOption('the config as it is for this architecture; that of this machine unless given'),
    ),
  )
    .option('--variant <name>', 'read manifest-NAME.yaml, image-NAME.yaml and build-args-NAME.conf')
    .option('--stream <stream>', 'the config as it is for this stream')
    .option(
      '--base-manifest <path|reference>',
      'with what the config builds upon: a manifest, its directory, an image, or "builder" for that of build-args.conf',
    );
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
