import { formatDuration, plural } from '../../../../lib/format.ts';
import { consoleText } from '../../markup/console-text.ts';
import { type Content, html, preformatted } from '../../markup/html.ts';
import type { SiteBuild, SiteSuite, SiteTest } from '../../model.ts';
import { percent } from '../../plots/bars.ts';
import { dateTime } from '../parts.ts';

/** A suite has a dozen; a result may name ten thousand. */
const mostTests = 500;

/** How the tests of a build went: each with how long it took, and with its log where it failed. */
export function testsSection({ suites, unusableTests }: SiteBuild): Content {
  if (suites.length === 0 && unusableTests.length === 0)
    return html`<p class="none">No test has been run for it.</p>
`;
  return [
    ...suites.map(suiteTable),
    unusableTests.length === 0
      ? undefined
      : html`<details><summary>${plural(unusableTests.length, 'result')} that do not count</summary><ul class="remarks">${unusableTests
          .slice(0, mostTests)
          .map((reason) => html`<li>${reason}</li>`)}</ul></details>
`,
  ];
}

function suiteTable({ name, firmware, accelerator, complete, passed, started, tests }: SiteSuite): Content {
  const longest = Math.max(1, ...tests.map(({ milliseconds }) => milliseconds));
  const total = tests.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const verdict = passed
    ? html`<span class="mark ${complete ? 'passed' : 'partial'}">${complete ? 'passed' : 'passed, in part'}</span>`
    : html`<span class="mark failed">failed</span>`;
  const shown = tests.slice(0, mostTests);
  return html`<h3>${name} <span class="detail">with ${firmware}${accelerator === 'tcg' ? ', emulated' : undefined}</span> ${verdict}</h3>
<p class="detail">${plural(tests.length, 'test')} in ${formatDuration(total)}, begun ${dateTime(started)} UTC</p>
<table class="tests">
<thead><tr><th scope="col">Test</th><th scope="col">Result</th><th scope="col" class="number">Time</th><th class="wide"><span class="hidden">Time as a bar</span></th></tr></thead>
<tbody>
${shown.map((test) => testRow(test, longest))}</tbody></table>
${shown.filter(({ log, passed: isPassed }) => !isPassed && log !== undefined && log !== '').map(testLog)}`;
}

function testRow({ name, passed, milliseconds }: SiteTest, longest: number): Content {
  return html`<tr><th scope="row">${name}</th><td>${passed ? html`<span class="good">passed</span>` : html`<span class="bad">failed</span>`}</td><td class="number">${formatDuration(milliseconds)}</td><td class="wide"><svg class="time" aria-hidden="true" height="8"><rect class="${passed ? 'part' : 'failed'}" height="8" width="${percent((milliseconds / longest) * 100)}"/></svg></td></tr>
`;
}

function testLog({ name, log }: SiteTest): Content {
  return html`<details open><summary>Log of <b>${name}</b></summary><pre tabindex="0" role="region" aria-label="Log of ${name}">${preformatted(consoleText(log ?? ''))}</pre></details>
`;
}
