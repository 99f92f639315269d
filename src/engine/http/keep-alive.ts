/** How long a connection may be idle: above the idle time of common clients, so that we are not the one who hangs up just then. */
export const KEEP_ALIVE_MS = 75_000;
