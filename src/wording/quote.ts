/** What shells read as one word as it stands. PowerShell takes commas for lists and `@` for variables; backslashes are ordinary on Windows alone. */
const PLAIN = { posix: /^[\w@%+=:,./-]+$/u, windows: /^[\w+=:./\\-]+$/u };

/** What means something to PowerShell within double quotes, of which it knows four kinds. */
const LIVE = /["\u201C-\u201E$`]/u;

/** Single quotes of PowerShell. */
const SINGLE = /['\u2018-\u201B]/gu;

/**
 * An argument as a shell takes it: POSIX shells; on Windows cmd.exe and PowerShell, which read the same in double quotes unless something in
 * it is live there. That is spelt for PowerShell, as there is no form for both.
 */
export function quote(argument: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'win32') return PLAIN.posix.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
  if (PLAIN.windows.test(argument)) return argument;
  if (LIVE.test(argument)) return `'${argument.replaceAll(SINGLE, '$&$&')}'`;
  // A program reads a backslash before a quote as part of the argument, unless it is doubled.
  return `"${argument.replace(/\\+$/u, '$&$&')}"`;
}
