/** Names of container images: `[registry/]repository[:tag][@sha256:…]`, as `customContainerConfig.image` has them. */

const HOST = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[::1\])(?::\d{1,5})?`;
const PART = String.raw`[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*`;
const REFERENCE = new RegExp(
  `^(?<name>(?:(?<host>${HOST})/)?${PART}(?:/${PART})*)(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$`,
);
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;
const LONGEST = 512;

export interface ImageReference {
  /** Registry and repository. */
  readonly name: string;
  /** As given, for whoever pulls it. */
  readonly full: string;
  /** The only registries that may be spoken to without TLS are on this machine. */
  readonly isLoopback: boolean;
}

/** `undefined` where the text names no image. */
export function parseImageReference(text: string): ImageReference | undefined {
  const groups = text.length <= LONGEST ? REFERENCE.exec(text)?.groups : undefined;
  if (!groups) return undefined;
  const { name = '', tag, digest } = groups;
  // Without a dot or port the first part is no registry, as everywhere.
  const first = name.includes('/') ? (name.split('/')[0] ?? '') : '';
  const suffix = digest ? `@${digest}` : `:${tag ?? 'latest'}`;
  return { name, full: `${name}${suffix}`, isLoopback: LOOPBACK.test(first) };
}
