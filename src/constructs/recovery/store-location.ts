import { ClusterLocation } from './recovery-objectives';
import { RecoveryScenario } from './recovery-scenario';
import { checkRegion, checkZone } from './regions';
import { Survival, survival } from './survival';
import { show } from '../core/check';

/** Where a store is: what has to be lost for the backups in it to be lost as well. */
export class StoreLocation {
  /** On the disks of one node, as a local volume is. Lost with the node. The default for storage classes that are known to be local. */
  public static readonly NODE = new StoreLocation('node', 'on a node');

  /** In the cluster, on disks of one zone, as most volumes are. Lost with the cluster and with the zone, not with a node. */
  public static readonly CLUSTER = new StoreLocation('cluster', 'in the cluster');

  /**
   * Outside of the cluster, in one data centre.
   *
   * @param region that the zone is in, such as `eu-central-1`.
   * @param zone such as `eu-central-1a`.
   */
  public static zone(region: string, zone: string): StoreLocation {
    checkRegion('region', region);
    checkZone('zone', zone, region);
    return new StoreLocation('zone', `in zone ${show(zone)} of region ${show(region)}`, region, zone);
  }

  /**
   * Outside of the cluster, in several zones of a region, as S3 keeps most classes.
   *
   * @param region such as `eu-central-1`.
   */
  public static region(region: string): StoreLocation {
    checkRegion('region', region);
    return new StoreLocation('region', `in region ${show(region)}`, region);
  }

  /**
   * As far as the options of a store tell.
   *
   * @internal
   */
  public static _of(kind: 'zone' | 'region' | 'unknown', region?: string): StoreLocation {
    const place = { zone: 'in one zone', region: 'in AWS', unknown: 'who knows where' }[kind];
    return new StoreLocation(kind, region === undefined ? place : `${kind === 'zone' ? 'in one zone of' : 'in'} region ${show(region)}`, region);
  }

  /**
   * With what lies on a node or beside the database.
   *
   * @param reason completes "on …"
   *
   * @internal
   */
  public static _on(reason: string): StoreLocation {
    return new StoreLocation('node', `on ${reason}`);
  }

  /**
   * Where most volumes are, of which nobody said it.
   *
   * @internal
   */
  public static _assumedInCluster(): StoreLocation {
    return new StoreLocation('cluster', 'in the cluster', undefined, undefined, true);
  }

  private constructor(
    /**
     * @internal
     */
    public readonly _kind: 'node' | 'cluster' | 'zone' | 'region' | 'unknown',
    /** The location in words. */
    public readonly description: string,
    /**
     * @internal
     */
    public readonly _region?: string,
    /**
     * @internal
     */
    public readonly _zone?: string,
    /**
     * @internal
     */
    public readonly _isAssumed: boolean = false,
  ) {}

  /**
   * Whether it is outside of the cluster, as far as anybody says.
   *
   * @internal
   */
  public get _isOutside(): boolean {
    return this._kind !== 'node' && this._kind !== 'cluster';
  }

  /**
   * Whether what is here outlives the scenario.
   *
   * @internal
   */
  public _survival(scenario: RecoveryScenario, cluster: ClusterLocation): Survival {
    return survival({ kind: this._kind, region: this._region, zone: this._zone }, scenario, cluster);
  }
}
