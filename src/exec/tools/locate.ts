import { tryRun } from '../run.ts';
import { type Tool, tools } from '../tools.ts';
import { which } from '../which.ts';

/** Prints where the first of some modules is that can be imported. */
const firstModule = `
import importlib, sys
for name in sys.argv[1:]:
    try:
        print(importlib.import_module(name).__file__)
        break
    except ImportError:
        pass
`;

/** Where a tool is: the absolute path of a program, or of a library for Python; `undefined` if it is not there. */
export async function locate(tool: Tool): Promise<string | undefined> {
  if (tool.python === undefined) return which(tool.name);
  if ((await which(tools.python.name)) === undefined) return undefined;
  const { stdout } = await tryRun(tools.python, ['-I', '-B', '-c', firstModule, ...tool.python]);
  return stdout.trim() || undefined;
}
