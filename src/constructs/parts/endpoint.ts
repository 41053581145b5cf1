/** A server of a database, which the pod connects to. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Port of the pod that the server connects back to. */
  readonly callsBack?: number;
  /** The member of a set whose it is. */
  readonly member?: string;
}
