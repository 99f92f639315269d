/** Names that Sluice itself gives out: projects and environments stand in URLs and workflow ids. */

const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** What the rule is in words, for error messages. */
export const SLUG_RULE = 'lower-case letters, digits and -, a letter or digit first, 63 characters at most';

export function isProjectName(text: string): boolean {
  return SLUG.test(text);
}

export function isEnvironmentName(text: string): boolean {
  return SLUG.test(text);
}
