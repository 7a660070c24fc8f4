/** True for a path that cannot leave the directory that it is below: no empty part, no `.` and no `..`. */
export function isRelativePath(path: string): boolean {
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
