/** Quoting of words for a POSIX shell: the only way an argv becomes a line. */

/** Words that every shell takes as they stand. `~` and `=` are left out: both mean something at a word's start or in front of a command. */
const plain = /^[A-Za-z0-9_@%+:,./-]+$/;

/** One word that a POSIX shell reads back as exactly `word`. Throws on a NUL, which no argument can hold. */
export function quote(word: string): string {
  if (word.includes("\0")) throw new Error("A word of a command holds a NUL, which no argument can.");
  return plain.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The line that a POSIX shell reads back as exactly `argv`. Throws on an empty argv. */
export function shellLine(argv: readonly string[]): string {
  if (argv.length === 0) throw new Error("A command needs at least one word.");
  return argv.map(quote).join(" ");
}

/**
 * The start of every line: the shell that runs it fills in its own PATH and HOME, so that the text is the same on every
 * machine, and no update is caused by who runs it.
 */
export const emptyEnvironment = 'env -i "PATH=$PATH" "HOME=$HOME" LANG=C.UTF-8';

/** Added to it where the line starts ssh: the operator's agent, where there is one. */
export const agentEnvironment = '${SSH_AUTH_SOCK:+"SSH_AUTH_SOCK=$SSH_AUTH_SOCK"}';
