import { digestHex } from '../../../lib/digest.ts';
import { formatBytes, formatCount, plural } from '../../../lib/format.ts';
import { siteAddress } from '../markup/address.ts';
import { type Content, type Html, html } from '../markup/html.ts';
import type { SiteBuild } from '../model.ts';
import type { BuildState } from '../state.ts';
import { depthOf, type SiteContext } from './frame.ts';

/** What people call a build: its version, or the beginning of its digest. */
export function buildTitle({ version, digest }: Pick<SiteBuild, 'version' | 'digest'>): string {
  return version === undefined || version === '' ? digestHex(digest).slice(0, 12) : version;
}

/** A link to a build's page. @param from path of the page that it stands on */
export function buildLink({ names }: SiteContext, from: string, build: SiteBuild): Html {
  return html`<a href="${siteAddress(names.build(build), depthOf(from))}">${buildTitle(build)}</a>`;
}

/** A link to a stream's page. @param from path of the page that it stands on */
export function streamLink({ names }: SiteContext, from: string, stream: string): Html {
  return html`<a href="${siteAddress(names.stream(stream), depthOf(from))}">${stream}</a>`;
}

/** A point in time to the minute, as it was written: in UTC. */
export function dateTime(time: string | undefined): Content {
  const [, day, minute] = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})/.exec(time ?? '') ?? [];
  if (time === undefined || day === undefined) return html`<span class="none">unknown</span>`;
  return html`<time datetime="${time}">${day} <span class="time">${minute}</span></time>`;
}

/** A day, for where the hour says nothing. */
export function dayOf(time: string | undefined): string {
  return /^\d{4}-\d{2}-\d{2}/.exec(time ?? '')?.[0] ?? '';
}

/** Bytes for people, of a table's cell: digits stand below digits. */
export function bytes(size: number): string {
  return formatBytes(size);
}

const verdictTexts = { passed: 'tested', failed: 'tests failed', partial: 'partly tested', untested: 'not tested' };

/** Marks of what a build is: promoted to which streams, a candidate, tested. */
export function stateMarks(state: BuildState | undefined): Content {
  if (state === undefined) return undefined;
  const { promotedTo, candidateOf, verdict } = state;
  return [
    ...promotedTo.map((stream) => html`<span class="mark promoted">promoted to ${stream}</span> `),
    ...candidateOf
      .filter((stream) => !promotedTo.includes(stream))
      .map((stream) => html`<span class="mark candidate">candidate of ${stream}</span> `),
    html`<span class="mark ${verdict}">${verdictTexts[verdict]}</span>`,
  ];
}

/** The same in a word or two, for a table. */
export function stateWord(state: BuildState | undefined): Content {
  if (state === undefined) return undefined;
  const { promotedTo, candidateOf, verdict } = state;
  const stage = promotedTo.length > 0 ? 'promoted' : candidateOf.length > 0 ? 'candidate' : undefined;
  if (stage !== undefined) return html`<span class="mark ${stage}">${stage}</span>`;
  return html`<span class="none">${verdict === 'passed' ? 'tested' : 'built'}</span>`;
}

/** How tests went, in a few words: "12 passed", "1 of 12 failed". */
export function testsWord({ suites }: SiteBuild): Content {
  const tests = suites.flatMap((suite) => suite.tests);
  const failed = tests.filter(({ passed }) => !passed).length;
  if (tests.length === 0) return html`<span class="none">none</span>`;
  return failed === 0
    ? html`<span class="good">${formatCount(tests.length)} passed</span>`
    : html`<span class="bad">${formatCount(failed)} of ${formatCount(tests.length)} failed</span>`;
}

/** How many packages an update changes: "3 newer, 1 added". */
export function changesWord({ update }: SiteBuild): Content {
  const packages = update?.packages;
  if (packages === undefined) return html`<span class="none">–</span>`;
  const counts: readonly (readonly [number, string])[] = [
    [packages.upgraded.length, 'newer'],
    [packages.added.length, 'added'],
    [packages.removed.length, 'removed'],
    [packages.downgraded.length, 'older'],
  ];
  const words = counts.filter(([count]) => count > 0).map(([count, word]) => `${formatCount(count)} ${word}`);
  return words.length === 0 ? html`<span class="none">none</span>` : words.join(', ');
}

/** "1 package", "264 packages"; nothing where they are not known. */
export function packageCount({ packages: { packages } }: SiteBuild): string | undefined {
  return packages === undefined ? undefined : plural(packages.length, 'package');
}

/** What could not be read, one a line. */
export function remarksSection(remarks: readonly string[]): Content {
  if (remarks.length === 0) return undefined;
  const shown = remarks.slice(0, remarksShown);
  const more = remarks.length - shown.length;
  return html`<section><h2>What could not be read</h2>
<ul class="remarks">${shown.map((remark) => html`<li>${remark}</li>`)}${more > 0 ? html`<li>and ${formatCount(more)} more</li>` : undefined}</ul></section>
`;
}

/** Anybody may leave a thousand beside a container. */
const remarksShown = 50;
