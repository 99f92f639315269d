/** How an ended process is named in a log line (runtimes.md §12). */
import { constants } from 'node:os';
import type { ProcessExit } from '../sandbox/process.ts';

/** A shell and bubblewrap report a signal as 128 + its number. */
const SIGNAL_BASE = 128;

/** @param memoryMb limit of the function */
export function describeExit(exit: ProcessExit, memoryMb: number): string {
  if (exit.outOfMemory) return `Function exceeded memory limit of ${memoryMb} MB`;
  if (exit.signal) return `Process exited with signal ${exit.signal}`;
  if (exit.code === null) return 'Process could not be started';
  const number = exit.code - SIGNAL_BASE;
  const signal = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return signal ? `Process exited with signal ${signal}` : `Process exited with code ${exit.code}`;
}
