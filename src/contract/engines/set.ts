/** Several databases of one application in one backup: all of them, or none. */
export interface SetOf<Database> {
  readonly engine: 'set';
  /** By name, in the order in which they are dumped, or restored. A source has two at least; members that a target does not name are left alone. */
  readonly members: { readonly [member: string]: Database };
}
