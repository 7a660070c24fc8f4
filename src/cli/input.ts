import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { usageError } from '../lib/errors.ts';
import { terminalText } from './render/shown.ts';

/** What the user gives a command while it runs. */
export interface Input {
  /** True if there is a person to ask: both questions and answers go over a terminal. */
  readonly isTerminal: boolean;
  /** Asks for a line, which is shown while it is typed. Only on a terminal. */
  ask(question: string): Promise<string>;
  /** Asks for a line that nobody shall see. Only on a terminal. */
  askSecret(question: string): Promise<string>;
  /**
   * All of stdin as text, without the newline at its end.
   * @throws CosaError `INPUT_TOO_LARGE` (exit 2)
   */
  readAll(maximumBytes: number): Promise<string>;
}

/** What an {@link Input} needs of a stream: process.stdin, or a test's. */
export type InputStream = NodeJS.ReadableStream & { isTTY?: boolean };

/** What it needs of the stream for questions: process.stderr, as results alone go to stdout. */
interface QuestionStream {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** @param answers called only when something is wanted: to open stdin would take it from programs that inherit it */
export function inputFrom(answers: () => InputStream, questions: QuestionStream, signal: AbortSignal): Input {
  return {
    get isTerminal() {
      return questions.isTTY === true && answers().isTTY === true;
    },
    ask: (question) => askLine(answers(), questions, question, signal, true),
    askSecret: (question) => askLine(answers(), questions, question, signal, false),
    readAll: (maximumBytes) => readAll(answers(), maximumBytes),
  };
}

async function askLine(
  answers: InputStream,
  questions: QuestionStream,
  question: string,
  signal: AbortSignal,
  isShown: boolean,
): Promise<string> {
  // The editor of lines begins by erasing its own: it must know the question, or that goes, too.
  const text = terminalText(question);
  const prompt = isShown ? text : '';
  const echo = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (isShown) questions.write(chunk.toString());
      done();
    },
  });
  const lines = createInterface({ input: answers, output: echo, terminal: true, historySize: 0 });
  // Only now does the terminal itself show nothing of what is typed: who is asked earlier may answer earlier.
  if (!isShown) questions.write(text);
  // While lines are edited the terminal sends no signal: pass Ctrl-C on to who listens for it.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const closed = new Promise<never>((_resolve, reject) => {
    lines.on('close', () => reject(usageError('INPUT_ENDED', `${question.trim()} was not answered`)));
  });
  try {
    return await Promise.race([lines.question(prompt, { signal }), closed]);
  } finally {
    closed.catch(() => undefined);
    lines.close();
    if (!isShown) questions.write('\n');
  }
}

async function readAll(answers: InputStream, maximumBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answers) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maximumBytes) throw usageError('INPUT_TOO_LARGE', `stdin has more than ${maximumBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '');
}
