/** Exit statuses. Trouble outranks differences. */
export const EXIT = {
  /** Done, whatever was found. */
  done: 0,
  /** `--exit-code` was given and something is not identical. */
  different: 1,
  /** A bad call, a file or tensor that cannot be read, no tensor in common. */
  trouble: 2,
  /** Interrupted (128 + SIGINT). */
  interrupted: 130,
} as const;
