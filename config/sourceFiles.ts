/** How a stack file's readers reach the files that it names; a test gives its own. */
export interface SourceFiles {
  /** Text of the file at a path relative to the project; undefined if there is none. */
  read(path: string): string | undefined;
  /** Absolute path of a path relative to the project. */
  absolute(path: string): string;
}
