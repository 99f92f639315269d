/** Code as functions and layers bring it: a zip in the body. */
import { z } from 'zod';
import { invalidArgument } from '../http/api-error.ts';
import type { CodePackage, CodeStore } from './code-store.ts';

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
      'code: packages from object storage are not supported by this engine; send the zip as base64 in code.zipFile',
    );
  if (!code.zipFile) throw invalidArgument('code.zipFile: the zip as base64 is required');
  return store.put(Buffer.from(code.zipFile, 'base64'));
}
