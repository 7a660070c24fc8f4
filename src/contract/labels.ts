/**
 * The names of the OS container's labels. Those of the container are annotations of its manifest too.
 * https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md#pre-defined-annotation-keys
 */
export const labelNames = {
  source: 'org.opencontainers.image.source',
  revision: 'org.opencontainers.image.revision',
  version: 'org.opencontainers.image.version',
  title: 'org.opencontainers.image.title',
  description: 'org.opencontainers.image.description',
  created: 'org.opencontainers.image.created',
  /** The digest of the image that an image was derived from. */
  baseDigest: 'org.opencontainers.image.base.digest',
  bootable: 'ostree.bootable',
  linux: 'ostree.linux',
  /** Hex checksum of the ostree commit. */
  commit: 'ostree.commit',
  /** The diff id of the operating system's last layer: what follows was put on top by others. */
  finalDiffId: 'ostree.final-diffid',
  bootc: 'containers.bootc',
  osName: 'com.coreos.osname',
  stream: 'com.coreos.stream',
  inputHash: 'com.coreos.inputhash',
  imageConfigChecksum: 'coreos-assembler.image-config-checksum',
  /** The users' and groups' numbers, so that the next build gives them the same without reading a layer. */
  accounts: 'coreos-assembler.accounts',
} as const;

/** Names of annotations of a layer's descriptor. */
export const layerAnnotations = {
  /** The names of what is in it, joined by commas. */
  components: 'ostree.components',
  /** What it was made of, as a hash: by it a later build knows the layer without reading it. */
  contentKey: 'coreos-assembler.content-key',
} as const;

/** Names of annotations of a disk image in a registry: of its manifest, and of a layer. */
export const diskAnnotations = {
  /** What it is for, as the command line has it: lists of referrers have no field for that. */
  platform: 'coreos-assembler.platform',
  /** As OCI spells it. */
  architecture: 'coreos-assembler.architecture',
  /** Of a layer: what the file is to the image. */
  role: 'coreos-assembler.role',
} as const;

/** The component of files that a build writes about itself: `os-release`, `image.json`, the lockfile. */
export const buildMetadataComponent = 'build-metadata';
