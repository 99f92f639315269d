/** An image that cannot be pulled or run; the message goes behind "image '…' cannot be used: ". */
export class ImageError extends Error {
  override readonly name = 'ImageError';
}
