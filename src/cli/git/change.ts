/** One file of a `git diff`, as git hands it to an external program. */
export interface GitChange {
  /** Names in the repository. */
  readonly oldName: string;
  readonly newName: string;
  /** Where the contents lie, which is often a temporary file; null for a file that is not there. */
  readonly oldFile: string | null;
  readonly newFile: string | null;
  /** `100644`, `100755`, `120000`; null for a file that is not there. */
  readonly oldMode: string | null;
  readonly newMode: string | null;
  /** Whether git knows that the contents are the same, as of a file that was only renamed. */
  readonly hasSameContents: boolean;
  /** What git says of a renamed file: how similar it is, and its names. */
  readonly renameLines: readonly string[];
}

/** What git gives for a file that one side lacks. */
const NOTHING = '/dev/null';

/**
 * The arguments of an external diff: `path old-file old-hex old-mode new-file new-hex new-mode`, and of a renamed file its new name and
 * what git says of it. null for other calls.
 */
export function readGitChange(args: readonly string[]): GitChange | null {
  const [path, oldFile, oldHash = '', oldMode, newFile, newHash, newMode, newPath = path, said = ''] = args;
  if (path === undefined || oldFile === undefined || oldMode === undefined || newFile === undefined) return null;
  if (newMode === undefined || newPath === undefined || args.length > 9) return null;
  const [hasOld, hasNew] = [oldFile !== NOTHING, newFile !== NOTHING];
  return {
    oldName: `a/${path}`,
    newName: `b/${newPath}`,
    oldFile: hasOld ? oldFile : null,
    newFile: hasNew ? newFile : null,
    oldMode: hasOld ? oldMode : null,
    newMode: hasNew ? newMode : null,
    // The hash of a file in the working tree is not known: zeros.
    hasSameContents: oldHash === newHash && /[1-9a-f]/.test(oldHash),
    renameLines: said.split('\n').filter((line) => line !== '' && !line.startsWith('index ')),
  };
}

/** The lines above a comparison, in the words of git. */
export function writeGitHeader({ oldName, newName, oldMode, newMode, renameLines }: GitChange): string[] {
  const modes =
    oldMode === null
      ? [`new file mode ${newMode ?? ''}`]
      : newMode === null
        ? [`deleted file mode ${oldMode}`]
        : oldMode === newMode
          ? []
          : [`old mode ${oldMode}`, `new mode ${newMode}`];
  return [`diff ${oldName} ${newName}`, ...modes, ...renameLines];
}
