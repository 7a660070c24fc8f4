import type { Transferred } from '../../workspace/transfer.ts';
import { line, lines, type Shown } from './shown.ts';
import type { Style } from './style.ts';
import { transferredText } from './transferred.ts';

/** A build that has come from elsewhere, and what to do with it. */
export function importedText(imported: Transferred & { version: string }, style: Style): Shown {
  return lines([transferredText(imported, style), line`next: cosa image build --from ${imported.version} qemu`]);
}
