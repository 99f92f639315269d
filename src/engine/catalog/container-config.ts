/** `customContainerConfig` (fc-api.md §4): which image a container function runs, and how it is started. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { parseImageReference } from '../images/reference.ts';
import type { CodePackage } from './code-store.ts';

const Words = z.array(z.string().refine((text) => !text.includes('\0')));

/** A command line as the API has it: a JSON array of strings, as text; empty: none. */
const CommandLine = z
  .string()
  .refine((text) => readWords(text) !== undefined, 'must be a JSON array of strings, e.g. "[\\"node\\"]"');

export const ContainerConfig = z.object({
  image: z
    .string()
    .refine((text) => text === '' || parseImageReference(text) !== undefined, 'is no name of an image'),
  command: CommandLine.exactOptional(),
  args: CommandLine.exactOptional(),
  /** How the cloud pulls; here every image is pulled once. */
  accelerationType: z.enum(['Default', 'None']).exactOptional(),
  /** Of the cloud's own registry. */
  instanceID: z.string().exactOptional(),
  webServerMode: z.boolean().exactOptional(),
});

/** @param text as `CommandLine` lets it through */
export function commandLine(text: string): readonly string[] {
  return readWords(text) ?? [];
}

/**
 * Stands in the record where others have their package: no code, but an identity of its own for each time that the image
 * was set, so that a version keeps what its tag meant then.
 */
export function newImagePin(): CodePackage {
  return { sha256: randomBytes(32).toString('hex'), sizeBytes: 0, checksum: '' };
}

function readWords(text: string): string[] | undefined {
  if (text === '') return [];
  try {
    return Words.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
