/** Code as functions and layers bring it: a zip in the body. */
import { z } from 'zod';
import { invalidArgument } from '../http/api-error.ts';
import type { CodePackage, CodeStore } from './code-store.ts';

/** What to do where clients would use object storage. */
export const CODE_WITHOUT_STORAGE =
  'there is no object storage beside this engine; send the zip as base64 in code.zipFile, 50 MB at most';

export const CodeInput = z.object({
  /** The zip as base64. */
  zipFile: z.string().exactOptional(),
  ossBucketName: z.string().exactOptional(),
  ossObjectName: z.string().exactOptional(),
});

/** Stores the package; throws `InvalidArgument` where there is none, or none that can be used. */
export function storeCode(store: CodeStore, code: z.infer<typeof CodeInput>): Promise<CodePackage> {
  if (code.ossBucketName || code.ossObjectName)
    throw invalidArgument(
      `code: '${code.ossObjectName ?? ''}' of bucket '${code.ossBucketName ?? ''}' cannot be had: ${CODE_WITHOUT_STORAGE}`,
    );
  if (!code.zipFile) throw invalidArgument('code.zipFile: the zip as base64 is required');
  return store.put(Buffer.from(code.zipFile, 'base64'));
}
