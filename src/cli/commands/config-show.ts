import { showConfig } from '../../flows/config/show.ts';
import { defineCommand } from '../command.ts';
import { addConfigOptions, configRequest } from '../config-options.ts';
import { configYaml } from '../render/config-yaml.ts';

export const configShow = defineCommand({
  description:
    'Prints a config as a build sees it: the treefile with all that it includes, conditions decided and variables filled in, ' +
    'and beside its keys image.json ("image"), disk.yaml ("disk"), the platforms of the architecture, the files of overlays, ' +
    'repositories, lockfile and overrides. The config may be of any package family; nothing is downloaded, unless --base-manifest names an image. Overlays and ' +
    'repositories that are not there are warned of.',
  configure: (command) =>
    addConfigOptions(
      command.argument(
        '[directory]',
        'a config directory, or a manifest in one; the config of the work directory unless given',
      ),
    ).option('--origin', 'the file and line that each value comes from'),
  examples: [
    { run: 'cosa config show', does: "Print the work directory's config" },
    {
      run: 'cosa config show --origin --stream next',
      does: 'Print it for another stream, with the place of each value',
    },
    {
      run: 'cosa config show ../fedora-coreos-config --arch aarch64 --json',
      does: 'Print another config for another architecture, for a script',
    },
    {
      run: 'cosa config show ../os --variable deriving=false --base-manifest ../fedora-bootc/minimal-plus',
      does: 'Print a config that brings what it builds upon itself, or out of a directory',
    },
    {
      run: 'cosa config show --base-manifest builder',
      does: 'Print a config together with the manifest in its builder image, as builds see it',
    },
  ],
  registries: true,
  run: async (context, [directory], options) => {
    const { value, origins } = await showConfig(context, configRequest(context, directory, options));
    const isWithOrigins = options.origin === true;
    return {
      text: context.json ? '' : configYaml(value, isWithOrigins ? origins : undefined),
      json: isWithOrigins ? { ...value, origins: Object.fromEntries(origins) } : value,
    };
  },
});
