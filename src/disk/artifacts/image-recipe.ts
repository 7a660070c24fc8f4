import type { Tool } from '../../exec/tools.ts';
import type { Json } from '../../lib/canonical-json.ts';
import type { Reporter } from '../../progress/reporter.ts';
import type { ChosenIgnition } from '../ignition.ts';
import type { DiskImageRecord, RecordedFile } from '../record.ts';
import type { Artifact, MadeArtifacts } from './artifact.ts';
import type { MadeBaseDisk } from './base-disk.ts';

/** How an image of some form is made: what it consists of, and of what. */
export interface ImageRecipe {
  /** Its files, in the record's order; the record lies beside the first. */
  readonly files: readonly Pick<RecordedFile, 'role' | 'name'>[];
  /** As records have it: `qcow2.xz`. */
  readonly format: string;
  readonly needs: readonly Artifact<unknown>[];
  readonly tools: readonly Tool[];
  /** Everything that its bytes depend on beside the container. */
  readonly inputs: { readonly [key: string]: Json | undefined };
  /** As records have it. */
  readonly compression: string | undefined;
  /** Writes the files into a directory, under their names. */
  make(made: MadeArtifacts, directory: string, reporter: Reporter): Promise<MadeImage>;
}

/** What has become of a recipe's files, and what their record says. */
export interface MadeImage {
  /** In the order of the recipe's. */
  files: readonly Omit<RecordedFile, 'role' | 'name'>[];
  /** Bytes of the disk that a machine sees; undefined if it sees none. */
  diskSize: number | undefined;
  base: MadeBaseDisk;
  ignition: ChosenIgnition;
  /** What concerns whoever brings it to its platform. */
  publishing: Pick<DiskImageRecord, 'aws'>;
}
