/** A version in the three parts that both families know. */
export interface RpmVersion {
  epoch: number;
  version: string;
  release: string;
}

/** A native Debian package has no revision: this one comes before all others. */
const noRevision = '0';

/** A Debian version as an rpm's: the same order, but for upstream versions with a hyphen, which no rpm may have. */
export function rpmVersion(debian: string): RpmVersion {
  const [, epoch = '0', upstream = '', revision = noRevision] = /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/.exec(debian) ?? [];
  return { epoch: Number(epoch), version: upstream.replaceAll('-', '_'), release: revision };
}

/** `1:2.3-4` */
export function formatVersion({ epoch, version, release }: RpmVersion): string {
  return `${epoch === 0 ? '' : `${epoch}:`}${version}-${release}`;
}

interface Relation {
  name: string;
  operator?: string;
  version?: string;
}

const relation =
  /^(?<name>[A-Za-z0-9][A-Za-z0-9+.-]*)(?::\w+)?\s*(?:\((?<operator><<|<=|=|>=|>>)\s*(?<version>[^)\s]+)\s*\))?/;

/** What a field says, alternatives together: `a (>= 1) | b, c`. */
function parseRelations(field: string | undefined): Relation[][] {
  const groups = (field ?? '').split(',').map((group) => group.trim());
  return groups
    .filter((group) => group !== '')
    .map((group) =>
      group.split('|').map((text) => {
        const { name, operator, version } = relation.exec(text.trim())?.groups ?? {};
        if (name === undefined) throw new Error(`"${text}" is no relation between packages`);
        return operator === undefined || version === undefined ? { name } : { name, operator, version };
      }),
    );
}

const operators: Readonly<Record<string, string>> = { '<<': '<', '<=': '<=', '=': '=', '>=': '>=', '>>': '>' };

function relationText({ name, operator, version }: Relation): string {
  if (operator === undefined || version === undefined) return name;
  const { epoch, version: upstream, release } = rpmVersion(version);
  const hasRevision = version.replace(/^\d+:/, '').includes('-');
  // Where one side names no release, rpm compares none, and 2.41-12 is not greater than 2.41: in Debian it is.
  const needsRelease = hasRevision || operator === '>>' || operator === '<=';
  const prefix = epoch === 0 ? '' : `${epoch}:`;
  return `${name} ${operators[operator] ?? operator} ${prefix}${upstream}${needsRelease ? `-${release}` : ''}`;
}

/** A field of dependencies as an rpm spec has them; alternatives become rich dependencies. */
export function rpmRelations(field: string | undefined): string[] {
  return parseRelations(field).map((alternatives) => {
    const texts = alternatives.map(relationText);
    return texts.length === 1 ? (texts[0] ?? '') : `(${texts.join(' or ')})`;
  });
}

/**
 * What a package provides. In Debian a name without a version answers no relation that has one; in rpm it answers all, and
 * a conflict with an old version would be one with it: it gets the package's own.
 */
export function rpmProvides(field: string | undefined, own: RpmVersion): string[] {
  return parseRelations(field)
    .flat()
    .map((item) => (item.version === undefined ? `${item.name} = ${formatVersion(own)}` : relationText(item)));
}

/** The fields of a package that say what it may not stand beside, and what it takes the place of. */
export interface ReplacingFields {
  provides: string | undefined;
  conflicts: string | undefined;
  breaks: string | undefined;
  replaces: string | undefined;
}

/**
 * What becomes of `Conflicts`, `Breaks` and `Replaces`: who provides a name and replaces it has taken the package over,
 * which rpm calls obsoleting. An rpm that conflicts with its own provides would conflict with itself.
 */
export function conflictsAndObsoletes({ provides, conflicts, breaks, replaces }: ReplacingFields) {
  const names = (field: string | undefined) =>
    new Set(
      parseRelations(field)
        .flat()
        .map(({ name }) => name),
    );
  const [provided, replaced] = [names(provides), names(replaces)];
  const against = [...parseRelations(conflicts), ...parseRelations(breaks)].flat();
  const takenOver = (item: Relation) => provided.has(item.name) && replaced.has(item.name);
  return {
    obsoletes: against.filter((item) => takenOver(item) && item.operator === '<<').map(relationText),
    conflicts: against.filter((item) => !provided.has(item.name)).map(relationText),
  };
}
