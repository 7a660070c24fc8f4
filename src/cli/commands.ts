import type { CommandModule } from './command.ts';

/** What is known of a command without loading it: starting the program loads only the one that is asked for. */
export interface CommandEntry {
  /** The words after `cosa`: "fetch", "ostree build". */
  name: string;
  /** One line, lower case, no full stop: for the list of commands. */
  summary: string;
  group: CommandGroup;
  load: () => Promise<CommandModule>;
}

export type CommandGroup =
  | 'Build'
  | 'Test and release'
  | 'Look after containers'
  | 'Registries'
  | 'Publish'
  | 'This program';

/** Summaries of the words that only group commands. */
export const commandFamilies: Readonly<Record<string, { summary: string; group: CommandGroup }>> = {
  config: { summary: 'the config that systems are built from', group: 'Build' },
  ostree: { summary: 'the operating system as a container', group: 'Build' },
  image: { summary: 'disk images', group: 'Build' },
  iso: { summary: 'live ISOs, of cosa and of other CoreOS systems', group: 'Build' },
  'iso ignition': { summary: 'the Ignition config that a live ISO carries', group: 'Build' },
  'iso kargs': { summary: "the kernel's arguments of a live ISO", group: 'Build' },
  export: { summary: 'containers and builds in the forms of other tools', group: 'Publish' },
  stream: { summary: 'the metadata of streams, which installers and users read', group: 'Publish' },
  site: { summary: 'a website of the containers', group: 'Publish' },
  kola: { summary: 'the names that coreos-assembler has for test commands', group: 'Test and release' },
};

/** Every command, in the order of the help. A new one is a file in this directory and an entry here. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'init',
    summary: 'make a work directory for a config',
    group: 'Build',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'config show',
    summary: 'print a config, flattened',
    group: 'Build',
    load: async () => (await import('./commands/config-show.ts')).configShow,
  },
  {
    name: 'config check',
    summary: 'list all that is wrong with a config',
    group: 'Build',
    load: async () => (await import('./commands/config-check.ts')).configCheck,
  },
  {
    name: 'config diff',
    summary: 'compare two streams, variants or commits of a config',
    group: 'Build',
    load: async () => (await import('./commands/config-diff.ts')).configDiff,
  },
  {
    name: 'fetch',
    summary: 'resolve and download packages; write the lockfile',
    group: 'Build',
    load: async () => (await import('./commands/fetch.ts')).fetch,
  },
  {
    name: 'ostree build',
    summary: 'make the next OS container from config, packages and the previous one',
    group: 'Build',
    load: async () => (await import('./commands/ostree-build.ts')).ostreeBuild,
  },
  {
    name: 'build',
    summary: 'the same as "cosa ostree build"',
    group: 'Build',
    load: async () => (await import('./commands/ostree-build.ts')).build,
  },
  {
    name: 'image build',
    summary: 'make disk images of a container',
    group: 'Build',
    load: async () => (await import('./commands/image-build.ts')).imageBuild,
  },
  {
    name: 'image list',
    summary: 'list platforms, and what can be and has been made for them',
    group: 'Build',
    load: async () => (await import('./commands/image-list.ts')).imageList,
  },
  {
    name: 'image customize',
    summary: 'copy a disk image or ISO with Ignition and kernel arguments in it',
    group: 'Build',
    load: async () => (await import('./commands/image-customize.ts')).imageCustomize,
  },
  {
    name: 'iso ignition embed',
    summary: 'give a live ISO an Ignition config',
    group: 'Build',
    load: async () => (await import('./commands/iso-ignition.ts')).isoIgnitionEmbed,
  },
  {
    name: 'iso ignition show',
    summary: "print a live ISO's Ignition config",
    group: 'Build',
    load: async () => (await import('./commands/iso-ignition.ts')).isoIgnitionShow,
  },
  {
    name: 'iso ignition remove',
    summary: 'take the Ignition config out of a live ISO',
    group: 'Build',
    load: async () => (await import('./commands/iso-ignition.ts')).isoIgnitionRemove,
  },
  {
    name: 'iso kargs show',
    summary: "print the kernel's arguments of a live ISO",
    group: 'Build',
    load: async () => (await import('./commands/iso-kargs.ts')).isoKargsShow,
  },
  {
    name: 'iso kargs modify',
    summary: "change the kernel's arguments of a live ISO",
    group: 'Build',
    load: async () => (await import('./commands/iso-kargs.ts')).isoKargsModify,
  },
  {
    name: 'iso kargs reset',
    summary: "make the kernel's arguments of a live ISO what they were",
    group: 'Build',
    load: async () => (await import('./commands/iso-kargs.ts')).isoKargsReset,
  },
  {
    name: 'iso reset',
    summary: 'undo all that was changed of a live ISO',
    group: 'Build',
    load: async () => (await import('./commands/iso-kargs.ts')).isoReset,
  },
  {
    name: 'run',
    summary: 'boot a disk image, with its console here',
    group: 'Test and release',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'test',
    summary: 'boot a disk image and check that the system is what it should be',
    group: 'Test and release',
    load: async () => (await import('./commands/test.ts')).test,
  },
  {
    name: 'kola run',
    summary: 'the same as "cosa test"',
    group: 'Test and release',
    load: async () => (await import('./commands/kola.ts')).kolaRun,
  },
  {
    name: 'promote',
    summary: 'move a stream to its candidate once tests have passed',
    group: 'Test and release',
    load: async () => (await import('./commands/promote.ts')).promote,
  },
  {
    name: 'sign',
    summary: 'sign a container',
    group: 'Test and release',
    load: async () => (await import('./commands/sign.ts')).sign,
  },
  {
    name: 'verify',
    summary: "check a container's signatures by a key or a policy",
    group: 'Test and release',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  {
    name: 'list',
    summary: 'list the containers of the work directory',
    group: 'Look after containers',
    load: async () => (await import('./commands/list.ts')).list,
  },
  {
    name: 'inspect',
    summary: 'show what a container is made of and how its tests went',
    group: 'Look after containers',
    load: async () => (await import('./commands/inspect.ts')).inspect,
  },
  {
    name: 'diff',
    summary: 'compare two containers: packages, files, layers, download',
    group: 'Look after containers',
    load: async () => (await import('./commands/diff.ts')).diff,
  },
  {
    name: 'tag',
    summary: 'give a container another tag',
    group: 'Look after containers',
    load: async () => (await import('./commands/tag.ts')).tag,
  },
  {
    name: 'prune',
    summary: 'remove old builds, make room in cache/',
    group: 'Look after containers',
    load: async () => (await import('./commands/prune.ts')).prune,
  },
  {
    name: 'fsck',
    summary: 'check every blob of every container',
    group: 'Look after containers',
    load: async () => (await import('./commands/fsck.ts')).fsck,
  },
  {
    name: 'lint',
    summary: 'check that machines can boot and update from a container',
    group: 'Look after containers',
    load: async () => (await import('./commands/lint.ts')).lint,
  },
  {
    name: 'push',
    summary: 'bring a build to a registry, or an index of several',
    group: 'Registries',
    load: async () => (await import('./commands/push.ts')).push,
  },
  {
    name: 'pull',
    summary: 'bring a container into the work directory',
    group: 'Registries',
    load: async () => (await import('./commands/pull.ts')).pull,
  },
  {
    name: 'copy',
    summary: 'copy containers between registries, layouts and archives',
    group: 'Registries',
    load: async () => (await import('./commands/copy.ts')).copy,
  },
  {
    name: 'image push',
    summary: 'bring disk images to a registry, beside their container',
    group: 'Registries',
    load: async () => (await import('./commands/image-push.ts')).imagePush,
  },
  {
    name: 'image pull',
    summary: 'fetch disk images from a registry, and verify them',
    group: 'Registries',
    load: async () => (await import('./commands/image-pull.ts')).imagePull,
  },
  {
    name: 'login',
    summary: 'keep user name and password for a registry',
    group: 'Registries',
    load: async () => (await import('./commands/login.ts')).login,
  },
  {
    name: 'logout',
    summary: 'forget user name and password for a registry',
    group: 'Registries',
    load: async () => (await import('./commands/logout.ts')).logout,
  },
  {
    name: 'publish',
    summary: 'bring the disk images of a build to object storage',
    group: 'Publish',
    load: async () => (await import('./commands/publish.ts')).publish,
  },
  {
    name: 'release',
    summary: 'release a promoted container: images, signatures, stream',
    group: 'Publish',
    load: async () => (await import('./commands/release.ts')).release,
  },
  {
    name: 'stream update',
    summary: 'let a stream have a version that is published',
    group: 'Publish',
    load: async () => (await import('./commands/stream-update.ts')).streamUpdate,
  },
  {
    name: 'stream show',
    summary: 'show the images of a stream, where they are and their checksums',
    group: 'Publish',
    load: async () => (await import('./commands/stream-show.ts')).streamShow,
  },
  {
    name: 'stream download',
    summary: 'download an image of a stream, verify and unpack it',
    group: 'Publish',
    load: async () => (await import('./commands/stream-download.ts')).streamDownload,
  },
  {
    name: 'gc',
    summary: 'remove what a policy has no use for, from all places',
    group: 'Publish',
    load: async () => (await import('./commands/gc.ts')).gc,
  },
  {
    name: 'import',
    summary: "bring anybody's operating system into the work directory, as a build",
    group: 'Publish',
    load: async () => (await import('./commands/import.ts')).importBuild,
  },
  {
    name: 'buildfetch',
    summary: "import a build's container from coreos-assembler's builds/",
    group: 'Publish',
    load: async () => (await import('./commands/buildfetch.ts')).buildfetch,
  },
  {
    name: 'export legacy',
    summary: "write a build as coreos-assembler's tools read it, with builds.json",
    group: 'Publish',
    load: async () => (await import('./commands/export-legacy.ts')).exportLegacyBuild,
  },
  {
    name: 'export oci-archive',
    summary: 'write a container into a file',
    group: 'Publish',
    load: async () => (await import('./commands/export-oci-archive.ts')).exportOciArchive,
  },
  {
    name: 'site build',
    summary: 'make a website of the containers',
    group: 'Publish',
    load: async () => (await import('./commands/site-build.ts')).siteBuild,
  },
  {
    name: 'serve',
    summary: 'serve that website as the containers are at each moment',
    group: 'Publish',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  {
    name: 'doctor',
    summary: 'say which host tools are there and which are missing',
    group: 'This program',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    group: 'This program',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  {
    name: 'man',
    summary: 'write the manual pages',
    group: 'This program',
    load: async () => (await import('./commands/man.ts')).man,
  },
];
