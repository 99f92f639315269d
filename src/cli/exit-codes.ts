/** Exit codes of the `sluice` command, for scripts; `--help` lists them. */
export const EXIT = {
  ok: 0,
  /** The release did not end promoted, or the server reported an error. */
  failed: 1,
  /** Wrong arguments. */
  usage: 2,
  /** No such project, release, environment. */
  notFound: 3,
  /** Not allowed, or not possible in this state. */
  refused: 4,
  /** No server, or it does not answer. */
  unreachable: 5,
  /** The token is missing or not accepted. */
  unauthenticated: 6,
  /** `plan --detailed-exitcode`: the release would change something. */
  changes: 7,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `
Exit codes:
  0  ok (watch: the release was promoted, or nothing had changed)
  1  failed (watch: the release ended any other way)
  2  wrong arguments
  3  not found
  4  refused: not allowed, or not possible now
  5  no server, or it does not answer
  6  token missing or not accepted
  7  plan --detailed-exitcode: something would change
`;
