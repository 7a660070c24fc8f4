import { formatImageName, type ImageName, parseImageName } from '../image-name.ts';

/** Which names a signature may have been made under, as in containers-policy.json(5). */
export type IdentityRule =
  | { type: 'matchExact' | 'matchRepoDigestOrExact' | 'matchRepository' }
  | { type: 'exactReference'; dockerReference: string }
  | { type: 'exactRepository'; dockerRepository: string }
  | { type: 'remapIdentity'; prefix: string; signedPrefix: string };

/**
 * Says why a name that was signed is not accepted.
 * @param image the name by which the image was asked for; `undefined` for one that has none, in a layout or archive
 * @returns `undefined` if it is accepted
 */
export function refuseIdentity(rule: IdentityRule, image: ImageName | undefined, signed: string): string | undefined {
  const name = parseImageName(signed);
  const expected = expectedName(rule, image);
  if (expected === undefined) return `an image without a name was asked for, which ${rule.type} cannot compare`;
  if (name !== undefined && matches(rule, expected, name)) return undefined;
  return `it is for "${signed}", not for ${describe(rule, expected)}`;
}

function expectedName(rule: IdentityRule, image: ImageName | undefined): ImageName | undefined {
  switch (rule.type) {
    case 'exactReference':
      return parseImageName(rule.dockerReference);
    case 'exactRepository':
      return parseImageName(rule.dockerRepository);
    case 'remapIdentity':
      return image === undefined ? undefined : remapped(image, rule);
    default:
      return image;
  }
}

function remapped(image: ImageName, { prefix, signedPrefix }: { prefix: string; signedPrefix: string }): ImageName {
  const { repository } = image;
  if (repository !== prefix && !repository.startsWith(`${prefix}/`)) return image;
  return { ...image, repository: `${signedPrefix}${repository.slice(prefix.length)}` };
}

function matches({ type }: IdentityRule, expected: ImageName, signed: ImageName): boolean {
  if (signed.repository !== expected.repository) return false;
  if (type === 'matchRepository' || type === 'exactRepository') return true;
  const hasSelector = signed.tag !== undefined || signed.digest !== undefined;
  // By digest, the image is the right one whatever it is tagged; the signature is for this digest too.
  const byDigest = expected.digest !== undefined && type !== 'matchExact' && type !== 'exactReference';
  return hasSelector && (byDigest || formatImageName(signed) === formatImageName(expected));
}

function describe({ type }: IdentityRule, expected: ImageName): string {
  return type === 'matchRepository' || type === 'exactRepository'
    ? `the repository ${expected.repository}`
    : `${formatImageName(expected)} (${type})`;
}
