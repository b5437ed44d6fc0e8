/** The command that enrols an agent, to be pasted into a shell of the sandbox. */

export interface Enrollment {
  token: string;
  /** Where agents reach the control plane. */
  control_plane: string;
}

/**
 * The token goes through standard input: as an argument, every user of that machine could read it in the list of
 * processes.
 */
export function enrollCommand({ token, control_plane }: Enrollment, workspace: string): string {
  const options = ['--control-plane', quote(control_plane), '--token-file', '-', '--workspace', quote(workspace)];
  return `printf %s ${quote(token)} | slipway-agent run ${options.join(' ')}`;
}

/** As one word of a POSIX shell. */
export function quote(word: string): string {
  if (/^[A-Za-z0-9_./:@%+,=-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
