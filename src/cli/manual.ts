import { type CommandDescription, flatten, synopsis } from './description.ts';
import { exitStatusMeanings } from './exit-statuses.ts';

/** A manual page: its file name (`cosa-fetch.1`) and its source in man(7) macros. */
export interface ManualPage {
  name: string;
  source: string;
}

/** Manual pages of the program and of each command, section 1. They depend on the commands alone, not on the date. */
export function manualPages(program: CommandDescription, version: string): ManualPage[] {
  return flatten(program).map((command) => ({
    name: `${pageName(command)}.1`,
    source: pageSource(command, program, version),
  }));
}

function pageName(command: CommandDescription): string {
  return ['cosa', ...command.path].join('-');
}

function pageSource(command: CommandDescription, program: CommandDescription, version: string): string {
  const name = pageName(command);
  const lines = [
    `.TH ${name.toUpperCase()} 1 "" "cosa ${version}" "User commands"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(command.summary || 'assemble CoreOS-like operating systems, container-natively')}`,
    '.SH SYNOPSIS',
    `.B ${roff(synopsis(command))}`,
    '.SH DESCRIPTION',
    roff(command.description || sentence(command.summary)),
    ...section(
      'COMMANDS',
      command.children.flatMap((child) => tagged(child.path.join(' '), child.summary)),
    ),
    ...section(
      'ARGUMENTS',
      command.arguments.flatMap(({ term, description }) => tagged(term, description)),
    ),
    ...section(
      'OPTIONS',
      command.options.flatMap((option) => tagged(option.flags, optionText(option))),
    ),
    ...section('EXAMPLES', command.examples.flatMap(exampleLines)),
    ...section(
      'EXIT STATUS',
      exitStatusMeanings.flatMap(([status, meaning]) => tagged(String(status), meaning)),
    ),
    '.SH SEE ALSO',
    related(command, program)
      .map((other) => `.BR ${roff(pageName(other))} (1)`)
      .join(',\n'),
  ];
  return `${lines.join('\n')}\n`;
}

/** Parent, children and siblings: what a reader of this page may want next. */
function related(command: CommandDescription, program: CommandDescription): CommandDescription[] {
  if (command.path.length === 0) return flatten(program).slice(1);
  const parentPath = command.path.slice(0, -1).join(' ');
  const parent = flatten(program).filter(({ path }) => path.join(' ') === parentPath);
  return [...parent, ...parent.flatMap(({ children }) => children), ...command.children].filter(
    (other) => other !== command,
  );
}

function optionText(option: {
  description: string;
  choices: readonly string[];
  defaultValue: string | undefined;
}): string {
  const notes = [
    option.choices.length > 0 ? `one of ${option.choices.join(', ')}` : undefined,
    option.defaultValue === undefined ? undefined : `default: ${option.defaultValue}`,
  ].filter((note) => note !== undefined);
  return notes.length === 0 ? option.description : `${option.description} (${notes.join('; ')})`;
}

function section(title: string, body: readonly string[]): string[] {
  return body.length === 0 ? [] : [`.SH ${title}`, ...body];
}

function tagged(term: string, text: string): string[] {
  return ['.TP', `.B ${roff(term)}`, roff(sentence(text))];
}

function exampleLines({ run, does }: { run: string; does: string }): string[] {
  return ['.PP', `${roff(does)}:`, '.PP', '.RS 4', '.nf', `$ ${roff(run)}`, '.fi', '.RE'];
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?)]$/.test(capital) ? capital : `${capital}.`;
}

/** Text for man(7): what would be a macro, an escape or a typographic dash is made literal. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('`', '\\(ga')
    .replace(/^\./, '\\&.');
}
