import { run } from '../../../exec/run.ts';
import { tools } from '../../../exec/tools.ts';
import { CosaError } from '../../../lib/errors.ts';
import { parseOptions } from '../../filesystems/options.ts';
import { settleInodeTimes } from './ext4-times.ts';
import { type Filesystem, type FilesystemRequest, optionsKey } from './filesystem.ts';
import { filesystemFull } from './full.ts';

const blockSize = 4096;

const extentsFlag = 0x80000;
const immutableFlag = 0x10;

/**
 * Named one by one, so that neither the host's mke2fs.conf nor its version decides. All are read by GRUB 2.06,
 * and resize_inode lets the root grow while it is mounted.
 */
const features = [
  'has_journal',
  'ext_attr',
  'resize_inode',
  'dir_index',
  'filetype',
  'extent',
  '64bit',
  'flex_bg',
  'sparse_super',
  'large_file',
  'huge_file',
  'dir_nlink',
  'extra_isize',
  'metadata_csum',
];

const permittedOptions = new Map([
  ['-i', /^\d{4,8}$/],
  ['-m', /^\d{1,2}$/],
  ['-N', /^\d{1,10}$/],
  ['-O', /^[a-z0-9_^]+(,[a-z0-9_^]+)*$/],
]);

export const ext4: Filesystem = { name: 'ext4', write };

async function write(request: FilesystemRequest): Promise<void> {
  const { disk, offset, size, source, label, uuid, timestamp } = request;
  const extended = [
    `offset=${offset}`,
    `hash_seed=${uuid}`,
    'root_owner=0:0',
    'nodiscard',
    // The disk is a new sparse file: zeroing tables and journal would only make it bigger.
    'assume_storage_prezeroed=1',
    // Otherwise the running kernel decides.
    'lazy_itable_init=0',
    'lazy_journal_init=0',
  ];
  const args = ['-q', '-F', '-t', 'ext4', '-b', String(blockSize), '-I', '256', '-L', label, '-U', uuid];
  args.push('-O', ['none', ...features].join(','), '-E', extended.join(','));
  args.push(...parseOptions('ext4', { options: request.options, optionsKey }, permittedOptions));
  args.push('-d', source, disk, String(Math.floor(size / blockSize)));
  try {
    await run(tools.mke2fs, args, {
      // Zero would mean "not set".
      env: { MKE2FS_CONFIG: '/dev/null', E2FSPROGS_FAKE_TIME: String(Math.max(1, timestamp)) },
    });
  } catch (error) {
    if (error instanceof CosaError && /Could not allocate (block|inode)|No free space/i.test(error.message)) {
      throw filesystemFull(label, size, error);
    }
    throw error;
  }
  await settleInodeTimes(disk, offset, timestamp);
  if (request.immutable !== undefined) await setImmutable(request, request.immutable);
}

/** By debugfs, for chattr needs a mounted filesystem and real root. */
async function setImmutable({ disk, offset }: FilesystemRequest, path: string): Promise<void> {
  const flags = `0x${(extentsFlag | immutableFlag).toString(16)}`;
  const request = `set_inode_field ${path} flags ${flags}`;
  const { stderr } = await run(tools.debugfs, ['-w', '-R', request, `${disk}?offset=${offset}`]);
  // It exits with 0 whatever happens. The first line is its version.
  const complaint = stderr.split('\n').slice(1).join('\n').trim();
  if (complaint !== '') throw new CosaError('TOOL_FAILED', `debugfs: ${request}: ${complaint}`);
}
