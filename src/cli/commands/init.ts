import { initWorkDirectory } from '../../flows/work-directory/init.ts';
import { parseVariables } from '../../workspace/variables.ts';
import { defineCommand } from '../command.ts';
import { addSaidOptions } from '../config-options.ts';
import { line } from '../render/shown.ts';

export const init = defineCommand({
  description:
    'Makes the current directory a work directory for a config: clones a git repository into src/config, or links ' +
    'src/config to a local directory, and records source, revision, stream and upstream container in cosa.json, and ' +
    'variables and a base manifest that all commands here are to use. ' +
    'With --ostree the stream is that of the container. Refuses to overwrite a work directory unless --force is given; then config and settings are replaced, changes ' +
    'in a clone that were not pushed included, while containers and images stay.',
  configure: (command) =>
    addSaidOptions(command)
      .argument('[source]', 'git URL, git repository or config directory; not needed with --ostree')
      .option('-b, --branch <branch>', 'branch or tag of the git repository')
      .option('--stream <stream>', 'build for this stream, instead of that of the container or the config')
      .option(
        '--variant <name>',
        'build this variant of the config: manifest-NAME.yaml, image-NAME.yaml, build-args-NAME.conf',
      )
      .option(
        '--ostree <reference>',
        'follow on this container, wherever it lies: its layers are reused; without SOURCE its config is taken too',
      )
      .option('--force', 'replace the config and the settings of a work directory'),
  examples: [
    { run: 'cosa init https://example.com/os-config.git -b next', does: 'Clone the branch next of a config' },
    { run: 'cosa init ../my-config', does: 'Use a local directory: changes in it count at the next build' },
    {
      run: 'cosa init --ostree docker://registry.example.com/os/debian-coreos:testing-devel',
      does: 'Take the config that a container was built from, at that commit; nothing of the container is copied',
    },
  ],
  registries: true,
  run: async (context, [source], options) => {
    const { branch, ostree } = options;
    const force = options.force === true;
    const work = await initWorkDirectory(context, {
      directory: context.directory,
      source,
      branch,
      stream: options.stream,
      variant: options.variant,
      variables: parseVariables(options.variable ?? []),
      baseManifest: options.baseManifest,
      ostree,
      force,
    });
    const { config } = work.settings;
    const revision = config.revision === undefined ? '' : ` at ${config.revision.slice(0, 12)}`;
    const { stream, formerStream } = work;
    const was = formerStream === undefined || formerStream === stream ? '' : ` (was ${formerStream})`;
    const goal = stream === undefined ? '' : line`, for the stream ${context.style.bold(stream)}`;
    const next = context.style.bold('cosa ostree build');
    return {
      text: line`${work.root} builds ${config.source}${revision}${goal}${was}. Next: ${next}`,
      json: { directory: work.root, ...work.settings, stream: stream ?? null, formerStream: formerStream ?? null },
    };
  },
});
