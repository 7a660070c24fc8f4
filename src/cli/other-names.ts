/**
 * Names that people bring along from coreos-assembler and container tools, and what does it here. A pattern's group
 * may stand in the answer as `$1`. A test runs every command that an answer names.
 */
const answers: readonly (readonly [pattern: RegExp, answer: string])[] = [
  [/^osbuild$/, 'disk images are made by: cosa image build qemu'],
  [/^buildextend(?:-qemu)?$/, 'disk images are made by: cosa image build qemu'],
  [/^buildextend-(.+)$/, 'disk images are made by: cosa image build $1'],
  [/^buildprep$/, 'a container is followed on: cosa init --ostree REFERENCE'],
  [/^(?:buildupload|push-container|upload-oscontainer)$/, 'builds go to a registry: cosa push DESTINATION'],
  [
    /^push-container-manifest$/,
    'builds for several architectures become an index: cosa push --index DESTINATION BUILD BUILD',
  ],
  [/^copy-container$/, 'containers are copied by: cosa copy SOURCE DESTINATION'],
  [/^compress$/, 'layers are compressed when they are written, and disk images by: cosa image build --compress auto'],
  [/^meta$/, 'what a build is made of stands in its container: cosa inspect --json'],
  [
    /^shell$/,
    'there is no container to enter: the commands run where you are; the system that was built is booted by: cosa run',
  ],
  [
    /^(?:build-rootfs|rpm-ostree|compose)$/,
    'a config is printed flattened by "cosa config show --json", and built by "cosa build"',
  ],
  [/^supermin-shell$/, 'nothing is built in a virtual machine here: the commands run where you are'],
  [/^podman-build$/, 'containers are built by: cosa build'],
  [/^remote-build-container$/, 'for another architecture, its programs are emulated: cosa build --arch aarch64'],
  [/^remote-session$/, 'the commands run where you are; builds go from machine to machine by: cosa push DESTINATION'],
  [/^build-validate$/, 'what is stored is checked by: cosa fsck'],
  [/^update-variant$/, 'another variant of a config is chosen by: cosa init --force --variant NAME SOURCE'],
  [/^dev-synthesize-osupdate(?:container)?$/, 'a next version without a change is made by: cosa build --force'],
  [/^(?:de|un)compress$/, 'disk images are compressed only where it is asked for: cosa image build --compress auto'],
  [/^imageupload-.+$/, 'disk images are brought to object storage by: cosa publish STORE'],
  [/^offline-update$/, 'a machine without network updates from a layout: cosa push oci:DIRECTORY'],
  [/^(?:virt-install|olaunch|supermin-run)$/, 'what was built is booted by: cosa run'],
  [/^clean$/, 'old builds are removed by "cosa prune --keep 3", what only saves time by "cosa prune --cache"'],
  [/^(?:rm|rmi|untag)$/, 'old builds are removed by: cosa prune --keep 3'],
  [/^(?:images|ls|ps)$/, 'the containers are listed by: cosa list'],
  [/^kola list$/, 'suites and tests are named by: cosa test --help'],
  [/^(?:kola testiso|test-coreos-installer|kola-run)$/, 'what there is to test runs by: cosa test'],
  [/^version$/, 'the version is told by: cosa --version'],
  [/^generate-release-meta$/, 'releases and streams are described by: cosa stream update STORE'],
  [/^(?:cloud|coreos)-prune$/, 'what nobody needs any more is removed by: cosa gc --policy gc.yaml'],
  [
    /^(?:aws|aliyun|gcp|ibmcloud|azure|powervs)-replicate$|^(?:ore|ore-wrapper|koji-upload)$/,
    'images are registered with no cloud; where its tools find them, they are brought by: cosa publish STORE',
  ],
];

/** What to say of a command that other programs have, as a hint; `undefined` for a name that nobody knows. */
export function otherName(command: string): string | undefined {
  for (const [pattern, answer] of answers) {
    const match = pattern.exec(command);
    if (match !== null) return answer.replace('$1', () => match[1] ?? '');
  }
  return undefined;
}
