import { CosaError } from '../lib/errors.ts';
import type { Tool } from './tools.ts';

/** How much of stderr an error message quotes. */
export const stderrLinesInError = 12;

/** The error for a host program that is not installed (exit 3). */
export function missingTool(tool: Tool): CosaError {
  const kind = tool.python === undefined ? 'program' : 'package';
  return new CosaError('TOOL_MISSING', `the ${kind} "${tool.name}" is not installed; cosa ${tool.purpose} with it`, {
    hint: `apt-get install ${tool.packages.deb}   (Fedora: dnf install ${tool.packages.rpm})`,
  });
}

/** The error for a program that ended with an exit status, with the end of what it wrote to stderr. */
export function toolFailure(tool: Tool, args: readonly string[], exitCode: number, stderr: string): CosaError {
  const quoted = stderr.trimEnd().split('\n').slice(-stderrLinesInError).join('\n');
  const command = [tool.name, ...args].join(' ');
  const shown = command.length > 200 ? `${command.slice(0, 197)}...` : command;
  return new CosaError('TOOL_FAILED', `${shown}: exit status ${exitCode}${quoted === '' ? '' : `\n${quoted}`}`);
}
