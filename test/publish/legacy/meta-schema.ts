// What coreos-assembler's schema of meta.json (src/v1.json there) demands, written anew: which keys there may be, of what
// type each is, and which must be there. A key that it does not list is an error, below "images" and in a container's
// description anything more is fine.

const text = { type: 'string', minLength: 1 };
const checksum = { type: 'string', minLength: 64 };
const flag = { type: 'boolean' };
const count = { type: 'integer' };
const list = { type: 'array' };

const artifact = {
  type: 'object',
  required: ['path', 'sha256'],
  properties: {
    path: { type: 'string' },
    sha256: { type: 'string' },
    size: { type: 'number' },
    'skip-compression': flag,
    'uncompressed-sha256': { type: 'string' },
    'uncompressed-size': count,
  },
};

const git = {
  type: 'object',
  required: ['commit', 'origin'],
  properties: {
    branch: { type: 'string', minLength: 3 },
    commit: { type: 'string', minLength: 5 },
    // No boolean, as one might think.
    dirty: text,
    origin: text,
  },
};

const texts = { type: 'array', items: { type: 'string' } };

const registryImage = {
  type: 'object',
  required: ['image'],
  properties: {
    image: { type: 'string' },
    digest: { type: 'string' },
    'manifest-list-digest': { type: 'string' },
    comment: { type: 'string' },
    tags: texts,
    'additional-images': list,
  },
};

const cloud = { type: 'object', required: ['url'] };

/** The names below "images" whose entries are artifacts. */
const artifacts = [
  ...['ostree', 'oci-manifest', 'extensions-container', 'legacy-oscontainer', 'ignition-gpg-key', 'dasd'],
  ...['kernel', 'initramfs', 'iso', 'live-kernel', 'live-initramfs', 'live-iso', 'live-rootfs'],
  ...['aliyun', 'applehv', 'aws', 'azure', 'azurestack', 'digitalocean', 'exoscale', 'gcp', 'hetzner', 'hyperv'],
  ...['ibmcloud', 'kubevirt', 'metal', 'metal4k', 'nutanix', 'nvidiabluefield', 'openstack', 'oraclecloud', 'powervs'],
  ...['proxmoxve', 'qemu', 'qemu-secex', 'virtualbox', 'vmware', 'vultr'],
];

export const upstreamMetaSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  required: ['buildid', 'name', 'ostree-commit', 'ostree-timestamp', 'ostree-version'],
  additionalProperties: false,
  properties: {
    ref: text,
    'build-url': text,
    buildid: text,
    name: { type: 'string' },
    summary: text,
    s3: { type: 'object' },
    koji: { type: 'object' },
    'coreos-assembler.basearch': text,
    'coreos-assembler.build-timestamp': text,
    'coreos-assembler.oci-imported': flag,
    'coreos-assembler.oci-imported-labels': { type: 'object', additionalProperties: { type: 'string' } },
    'coreos-assembler.code-source': text,
    'coreos-assembler.config-dirty': text,
    'coreos-assembler.config-gitrev': text,
    'coreos-assembler.config-variant': { type: 'string' },
    'coreos-assembler.container-config-git': git,
    'coreos-assembler.container-image-git': git,
    'coreos-assembler.delayed-meta-merge': flag,
    'coreos-assembler.yumrepos-git': git,
    'coreos-assembler.meta-stamp': { type: 'number' },
    'coreos-assembler.image-config-checksum': checksum,
    'coreos-assembler.image-genver': count,
    'coreos-assembler.image-input-checksum': checksum,
    'coreos-assembler.overrides-active': flag,
    'fedora-coreos.parent-version': { type: 'string', minLength: 12 },
    'fedora-coreos.parent-commit': checksum,
    images: {
      type: 'object',
      required: ['ostree'],
      properties: Object.fromEntries(artifacts.map((name) => [name, artifact])),
    },
    oscontainer: registryImage,
    'base-oscontainer': registryImage,
    'extensions-container': registryImage,
    kubevirt: registryImage,
    'release-payload': { type: 'object', required: ['image'] },
    extensions: { type: 'object', required: ['manifest'] },
    'ostree-commit': checksum,
    'ostree-content-bytes-written': count,
    'ostree-content-checksum': checksum,
    'ostree-n-cache-hits': count,
    'ostree-n-content-total': count,
    'ostree-n-content-written': count,
    'ostree-n-metadata-total': count,
    'ostree-n-metadata-written': count,
    'ostree-timestamp': { type: 'string', pattern: '\\d{4}-\\d{2}-\\d{2}T.*Z$' },
    'ostree-version': text,
    pkgdiff: list,
    'parent-pkgdiff': list,
    'advisories-diff': list,
    'parent-advisories-diff': list,
    'rpm-ostree-inputhash': checksum,
    aliyun: list,
    amis: list,
    'aws-winli': list,
    azure: cloud,
    gcp: { type: 'object', required: ['image', 'url'] },
    ibmcloud: list,
    powervs: list,
  },
} as const;
