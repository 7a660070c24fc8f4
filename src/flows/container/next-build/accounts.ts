import { z } from 'zod';
import { labelNames } from '../../../contract/labels.ts';
import { type AccountKind, parseAccounts } from '../../../lib/accounts.ts';
import { canonicalJson } from '../../../lib/canonical-json.ts';
import { parseDocument } from '../../../lib/document.ts';
import { verificationError } from '../../../lib/errors.ts';
import { readTextInRoot } from '../../../lib/root-files.ts';
import type { Image } from '../../../oci/image.ts';
import { labelOf } from '../../../oci/image.ts';
import type { AccountCheck } from '../../../rootfs/request.ts';

const identities = z.record(z.string(), z.array(z.int().min(0)).min(1).max(2));
const accountsSchema = z.strictObject({ user: identities, group: identities });

/** The text of {@link labelNames.accounts} for an assembled root. */
export async function accountsOf(root: string): Promise<string> {
  const read = async (file: string, kind: AccountKind) =>
    Object.fromEntries(
      parseAccounts(await readTextInRoot(root, `/usr/etc/${file}`), kind).map(({ name, ids }) => [name, ids]),
    );
  return canonicalJson({ user: await read('passwd', 'user'), group: await read('group', 'group') });
}

/**
 * The numbers that the previous build's users or groups have.
 * @throws CosaError `LABEL_INVALID` (exit 4)
 */
export function previousAccounts(previous: Image | undefined, kind: AccountKind): AccountCheck {
  const label = labelOf(previous, labelNames.accounts);
  if (label === undefined) return { kind: 'none' };
  return { kind: 'data', ids: new Map(Object.entries(parse(label)[kind])), origin: 'the previous build' };
}

function parse(label: string): z.output<typeof accountsSchema> {
  return parseDocument(accountsSchema, label, ({ cause }) =>
    verificationError('LABEL_INVALID', `the previous build's label ${labelNames.accounts} cannot be read`, {
      hint: 'build on another container, or on none: --previous none',
      cause,
    }),
  );
}
