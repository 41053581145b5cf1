/** Where something is, as a NetworkPolicy can say it: `cidrs` and labels add up. */
export interface NetworkPlace {
  /**
   * Ranges of addresses, such as `10.0.0.0/8` or `fd00::/8`. For what runs outside of the cluster: most network plugins look at the address of a
   * pod, and never see that of a Service.
   *
   * @default - none
   */
  readonly cidrs?: string[];

  /**
   * Labels that all pods have which stand behind the host, such as `{ app: 'postgres' }`.
   *
   * @default - none; with `namespaceLabels` all pods of those namespaces
   */
  readonly podLabels?: { [key: string]: string };

  /**
   * Labels of the namespace that these pods are in. Kubernetes gives each one the label `kubernetes.io/metadata.name`.
   *
   * @default - the pods are in the namespace of this one
   */
  readonly namespaceLabels?: { [key: string]: string };

  /**
   * Ports of the pods. Give them where a Service forwards to another port than its own: that of the pods is the one which counts.
   *
   * @default - the port that is connected to; 443 and 6443 for the API server
   */
  readonly ports?: number[];
}

/**
 * Where the things are that a pod connects to. What is left out, and is known by a name of a host, may be anywhere: then only the port is
 * restricted, since a NetworkPolicy knows no names. A host that is given as an IP address is that address alone.
 */
export interface NetworkPlaces {
  /**
   * The database that is backed up, or restored to.
   *
   * @default - the address if the host is one, any address otherwise
   */
  readonly database?: NetworkPlace;

  /**
   * The databases of a set, by the name of the member.
   *
   * @default - as for `database`
   */
  readonly members?: { [member: string]: NetworkPlace };

  /**
   * S3 stores, by the name of the store: `{ s3: { cidrs: ['10.0.0.0/8'] } }`. Where a workload identity is taken, STS must be among the addresses.
   *
   * @default - the address if the endpoint has one, any address otherwise
   */
  readonly stores?: { [storeName: string]: NetworkPlace };

  /**
   * The API server, for a restore that stops workloads, and for Secrets of Kubernetes.
   *
   * @default - any address, with the ports 443 and 6443: plugins differ in whether they look before or behind its Service
   */
  readonly apiServer?: NetworkPlace;

  /**
   * What answers to the `healthUrl` of a restore.
   *
   * @default - the address if the URL has one, any address otherwise
   */
  readonly health?: NetworkPlace;

  /**
   * The Pushgateway.
   *
   * @default - the address if the URL has one, any address otherwise
   */
  readonly pushgateway?: NetworkPlace;

  /**
   * The name servers. OpenShift's listen on port 5353.
   *
   * @default - any address, with port 53
   */
  readonly dns?: NetworkPlace;
}

/** What all constructs with a runner take for the NetworkPolicy of its pods. */
export interface NetworkOptions {
  /**
   * Define a NetworkPolicy that lets nobody into the pod, and the pod out to what it needs only: DNS, the database, the stores, and what else is
   * told of here. Two are let in: who reads the exporter's port, and the Redis that loads a restore from the pod. It is as good as the cluster's
   * network plugin enforces it, and other policies about the pod, by its labels, add to what is allowed.
   *
   * @default - as for the backup; for a backup true
   */
  readonly networkPolicy?: boolean;

  /**
   * Where these things are.
   *
   * @default - as for the backup; for a backup the addresses that are known, and otherwise any address with the port that is needed
   */
  readonly network?: NetworkPlaces;
}
