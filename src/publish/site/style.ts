/** The site's icon: four layers. */
export const iconText = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><g fill="#2b5f9e"><rect x="2" y="2" width="12" height="2.4" rx=".6" opacity=".35"/><rect x="2" y="5.2" width="12" height="2.4" rx=".6" opacity=".55"/><rect x="2" y="8.4" width="12" height="2.4" rx=".6" opacity=".75"/><rect x="2" y="11.6" width="12" height="2.4" rx=".6"/></g></svg>
`;

/** The site's style: two sets of colours, one accent, and digits that stand below each other. */
export const styleText = `:root {
  color-scheme: light dark;
  --page: #fff;
  --raised: #f5f6f8;
  --text: #1c2126;
  --soft: #59626c;
  --line: #d9dde2;
  --accent: #1f5a9c;
  --whole: #dfe4ea;
  --good: #1d6b3a;
  --good-page: #e4f3e9;
  --bad: #a8261c;
  --bad-page: #fbe8e6;
  --wait: #74540a;
  --wait-page: #f8efd6;
  --new: #bcd5f0;
  --new-text: #12304f;
  --kept: #e6e9ed;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a;
    --raised: #1d2125;
    --text: #e4e7ea;
    --soft: #a0a9b2;
    --line: #343a41;
    --accent: #82b4ea;
    --whole: #2c3238;
    --good: #7fcf9a;
    --good-page: #17301f;
    --bad: #f29a92;
    --bad-page: #3d1c19;
    --wait: #dfbd6a;
    --wait-page: #352b12;
    --new: #27486b;
    --new-text: #dbe9f8;
    --kept: #262b30;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--page);
  color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Liberation Sans", "DejaVu Sans", sans-serif;
}
header, main, footer { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 14px; padding-bottom: 14px; }
header nav { display: flex; flex-wrap: wrap; gap: 4px 22px; align-items: baseline; border-bottom: 1px solid var(--line); padding-bottom: 12px; }
header a { color: var(--soft); text-decoration: none; }
header a:hover { text-decoration: underline; }
header .home { color: var(--text); font-weight: 600; margin-right: auto; }
header a[aria-current] { color: var(--text); text-decoration: underline; text-decoration-thickness: 2px; text-underline-offset: 6px; text-decoration-color: var(--accent); }
footer { margin-top: 56px; padding-bottom: 32px; color: var(--soft); font-size: 13px; }
footer p { border-top: 1px solid var(--line); padding-top: 14px; max-width: none; }
.skip { position: absolute; left: -9999px; }
.skip:focus { left: 12px; top: 8px; background: var(--page); padding: 6px 10px; z-index: 1; }
a { color: var(--accent); text-underline-offset: 3px; text-decoration-thickness: 1px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
h1 { font-size: 30px; line-height: 1.2; font-weight: 650; letter-spacing: -0.01em; margin: 22px 0 10px; overflow-wrap: anywhere; }
h2 { font-size: 19px; font-weight: 650; margin: 44px 0 12px; }
h3 { font-size: 15px; font-weight: 650; margin: 26px 0 6px; overflow-wrap: anywhere; }
p { margin: 6px 0 10px; max-width: 76ch; overflow-wrap: anywhere; }
.lead { margin-bottom: 18px; }
.detail, .none, .time { color: var(--soft); font-weight: 400; }
.good { color: var(--good); }
.bad { color: var(--bad); font-weight: 600; }
code, pre, .version { font-family: ui-monospace, "SF Mono", "Cascadia Mono", "Liberation Mono", "DejaVu Sans Mono", monospace; font-size: 13px; }
code { overflow-wrap: anywhere; }
pre { margin: 6px 0 12px; padding: 12px 14px; background: var(--raised); border: 1px solid var(--line); border-radius: 4px; overflow-x: auto; max-height: 480px; line-height: 1.45; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 20px 5px 0; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
thead th { font-size: 13px; font-weight: 500; color: var(--soft); white-space: nowrap; border-bottom-color: var(--soft); }
tbody th { font-weight: 500; overflow-wrap: anywhere; min-width: 9ch; }
.builds tbody th { overflow-wrap: break-word; max-width: 32ch; }
.number { text-align: right; white-space: nowrap; }
td time, td .mark { white-space: nowrap; }
td.version { overflow-wrap: anywhere; }
td.added, td.newer { color: var(--good); }
td.removed, td.older { color: var(--bad); }
.builds tbody tr { content-visibility: auto; }
.checksum { font-size: 12px; color: var(--soft); }
.mark { display: inline-block; padding: 0 8px; border-radius: 3px; font-size: 13px; line-height: 20px; font-weight: 500; background: var(--raised); color: var(--soft); }
.mark.promoted, .mark.passed { background: var(--good-page); color: var(--good); }
.mark.candidate, .mark.partial { background: var(--wait-page); color: var(--wait); }
.mark.failed { background: var(--bad-page); color: var(--bad); }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 4px 24px; margin: 0 0 20px; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.use dt { margin-top: 12px; }
.use dd { margin: 0; }
.sections { display: flex; flex-wrap: wrap; gap: 6px 22px; padding: 10px 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.pages { display: flex; flex-wrap: wrap; gap: 4px 14px; margin-top: 20px; }
.pages [aria-current] { color: var(--text); font-weight: 600; }
details { margin: 10px 0; }
summary { cursor: pointer; color: var(--accent); width: max-content; max-width: 100%; }
.steps { padding-left: 22px; }
.remarks { padding-left: 20px; overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 24px 48px; }
figure { margin: 0; min-width: 0; display: flex; flex-direction: column; }
figcaption { flex: 1; }
figcaption h3 { margin: 6px 0 2px; }
figcaption p { color: var(--soft); font-size: 13px; margin: 0 0 10px; max-width: 110ch; }
.plot { display: block; width: calc(100% - 74px); margin-left: 74px; overflow: visible; font-size: 12px; }
.plot text { fill: var(--soft); font-variant-numeric: tabular-nums; }
.plot .tick { text-anchor: end; }
.plot .last { text-anchor: end; }
.plot .grid { stroke: var(--line); stroke-width: 1; shape-rendering: crispEdges; }
.plot .whole { fill: var(--whole); }
.part { fill: var(--accent); }
.time .failed { fill: var(--bad); }
svg.time { display: block; width: 100%; min-width: 120px; }
.tests td.wide { width: 45%; vertical-align: middle; }
.treemap { display: block; width: 100%; font-size: 12px; }
.treemap rect { stroke: var(--page); stroke-width: 2; }
.treemap .kept { fill: var(--kept); }
.treemap .new { fill: var(--new); }
.treemap text { fill: var(--text); }
.treemap .new + text { fill: var(--new-text); }
.key { padding: 0 6px; border-radius: 3px; color: var(--text); }
.key.new { background: var(--new); color: var(--new-text); }
.key.kept { background: var(--kept); }
.hidden { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }
@media (max-width: 720px) {
  header, main, footer { padding-left: 16px; padding-right: 16px; }
  h1 { font-size: 25px; }
  .wide { display: none; }
  th, td { padding-right: 12px; }
  table { font-size: 14px; }
  .builds .number { padding-right: 0; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: 8px; }
  .treemap .small { display: none; }
  .steps { padding-left: 18px; }
}
@media print {
  :root { --page: #fff; --raised: #fff; --text: #000; --soft: #444; --line: #bbb; --accent: #1f5a9c; --whole: #e2e2e2; --good: #14532d; --bad: #8b1a12; --wait: #5b4208; --good-page: #fff; --bad-page: #fff; --wait-page: #fff; --new: #bcd5f0; --new-text: #000; --kept: #ececec; }
  body { font-size: 10pt; }
  header nav a:not(.home), .sections, .skip, .pages { display: none; }
  header, main, footer { max-width: none; padding-left: 0; padding-right: 0; }
  .mark { border: 1px solid currentColor; }
  .scroll { overflow: visible; }
  pre { max-height: none; white-space: pre-wrap; overflow-wrap: anywhere; }
  tr, figure, li { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  thead { display: table-header-group; }
  svg, .mark, .key { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
