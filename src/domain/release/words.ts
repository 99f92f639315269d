/** Small pieces of sentences about what people do. */

/** `: the comment`, or nothing where nobody said why. */
export function because(comment: string): string {
  return comment === '' ? '' : `: ${comment}`;
}
