import { testCommand } from './test.ts';

/** `cosa kola run`: the name that coreos-assembler has for `cosa test`. */
export const kolaRun = testCommand('kola run');
