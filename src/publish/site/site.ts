import { sha256Hex } from '../../lib/digest.ts';
import type { SiteModel } from './model.ts';
import { pageNames } from './names.ts';
import { buildPage } from './pages/build-page.ts';
import { buildsPage, buildsPaths } from './pages/builds.ts';
import { type Page, pageText, type SiteContext } from './pages/frame.ts';
import { homePage } from './pages/home.ts';
import { streamPage } from './pages/stream.ts';
import { buildStates } from './state.ts';
import { iconText, styleText } from './style.ts';

/** A file of a site, made when it is asked for. */
export interface SiteDocument {
  contentType: string;
  /** True for one whose name changes with its content. */
  isImmutable: boolean;
  text(): string;
}

const hashDigits = 12;

/**
 * The files of a site by their paths, in the order in which they are to be written: what a page links to stands before it.
 * The same model gives the same bytes, and a file is made only when its text is asked for.
 */
export function siteDocuments(model: SiteModel): ReadonlyMap<string, SiteDocument> {
  const style = `style.${sha256Hex(styleText).slice(0, hashDigits)}.css`;
  const icon = `icon.${sha256Hex(iconText).slice(0, hashDigits)}.svg`;
  const context: SiteContext = { model, names: pageNames(model), states: buildStates(model), style, icon };
  const documents = new Map<string, SiteDocument>([
    [style, { contentType: 'text/css; charset=utf-8', isImmutable: true, text: () => styleText }],
    [icon, { contentType: 'image/svg+xml', isImmutable: true, text: () => iconText }],
  ]);
  const add = (path: string, page: () => Page) => {
    const text = () => pageText(context, page());
    documents.set(path, { contentType: 'text/html; charset=utf-8', isImmutable: false, text });
  };
  for (const build of model.builds) add(context.names.build(build), () => buildPage(context, build));
  for (const stream of model.streams) add(context.names.stream(stream.name), () => streamPage(context, stream));
  for (const [number, path] of buildsPaths(context).entries()) add(path, () => buildsPage(context, number));
  add('index.html', () => homePage(context));
  return documents;
}
