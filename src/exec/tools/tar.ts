import { type RunningProgram, start } from '../run.ts';
import { tools } from '../tools.ts';

/**
 * Starts tar to stream a directory: every entry with numeric owners and all extended attributes, in the order of
 * names, parents before what is in them. Names begin with `./`.
 */
export function streamDirectory(directory: string, signal?: AbortSignal): RunningProgram {
  const args = ['--create', '--file=-', `--directory=${directory}`, '--sort=name', '--numeric-owner', '--format=posix'];
  args.push('--xattrs', '--xattrs-include=*');
  // Without these, every file would get a pax header for its fractions of a second.
  args.push('--mtime=@0', '--pax-option=delete=atime,delete=ctime', '.');
  return start(tools.tar, args, signal === undefined ? {} : { signal });
}
