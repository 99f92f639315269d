/** A start that cannot go on; the message says what is wrong and what helps, and no stack is shown. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
