import { z } from 'zod';
import { prettyJson } from '../lib/canonical-json.ts';

/** What a build of ours says of the boot loaders that it has gathered, for whoever makes disks of them. */
export const bootLoaderRecordSchema = z.object({
  /**
   * True if each of them reads the entries of the Boot Loader Specification itself; otherwise the system has a program that
   * makes a menu of them at each deployment.
   */
  'reads-entries': z.boolean(),
});

export type BootLoaderRecord = z.output<typeof bootLoaderRecordSchema>;

/** The file's bytes. */
export function bootLoaderRecordText(record: BootLoaderRecord): string {
  return prettyJson(record);
}
