/** Pieces of what operations answer (`output`), which `/openapi.json` shows and by which the views are typed. */
import { z } from 'zod';

/** UTC, whole seconds; `apiTime` writes it. */
const ApiTime = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);

export const Times = { createdTime: ApiTime, lastModifiedTime: ApiTime };

/** A page of a list: the items under `name`, and where the next page begins unless this is the last. */
export function pageOf(name: string, item: z.ZodType): z.ZodObject {
  return z.object({ [name]: z.array(item), nextToken: z.string().exactOptional() });
}
