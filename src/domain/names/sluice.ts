/** Names that Sluice itself gives out: projects and environments stand in URLs, workflow ids and file names. */

export const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** What the rule is in words, for error messages. */
export const SLUG_RULE = '1–63 of a–z, 0–9 and -, beginning and ending with a letter or digit';
