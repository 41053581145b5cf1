import { Chart } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { PersistentVolumeAccessMode } from './persistent-volume-access-mode';
import { VolumeStoreOptions } from './volume-store';
import { writeAsStored } from '../../core/as-stored';
import { checkText, isDnsLabel, mebibytes, show } from '../../core/check';
import { refuseNamesakes } from '../../core/namesakes';
import { standardLabels } from '../../core/standard-labels';

/**
 * What deletes an app deletes no backups: Argo CD neither prunes the claim nor deletes it with its application, Helm and Flux leave it. It is
 * all that is left when an app is taken out of Git by mistake.
 */
const KEPT = {
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'helm.sh/resource-policy': 'keep',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
};

/** A claim that is defined when the first backup of a chart needs it, and shared by the others. */
export class ClaimToMake {
  private made?: { readonly claim: kplus.IPersistentVolumeClaim; readonly chart: Chart };
  private readonly claimName: string;

  constructor(private readonly options: VolumeStoreOptions) {
    this.claimName = options.claimName ?? 'backup-storage';
    if (!isDnsLabel(this.claimName, 63)) {
      throw new Error(`'claimName' must be up to 63 lower-case letters, digits and "-", with a letter or digit at both ends, got ${show(this.claimName)}`);
    }
    const size = mebibytes(options.size);
    if (size < 1024 || size % 1024 !== 0) {
      throw new Error(`'size' must be a whole number of GiB, at least 1, got ${options.size.asString()}: Size.gibibytes(${Math.max(1, Math.ceil(size / 1024))})`);
    }
    if (options.accessModes?.length === 0) {
      throw new Error('\'accessModes\' must have at least one mode, got []: leave it out for READ_WRITE_ONCE');
    }
    if (options.accessModes?.every(mode => mode === PersistentVolumeAccessMode.READ_ONLY_MANY)) {
      throw new Error(`'accessModes' must have one that allows writing, got ${show(options.accessModes)}: add READ_WRITE_ONCE`);
    }
    if (options.storageClassName !== undefined) checkText('storageClassName', options.storageClassName);
  }

  /** The claim, for a pod that is defined in `scope`. */
  public for(scope: Construct): kplus.IPersistentVolumeClaim {
    const chart = Chart.of(scope);
    if (this.made && this.made.chart.namespace !== chart.namespace) {
      throw new Error(`the claim ${show(this.claimName)} is in namespace ${show(this.made.chart.namespace ?? 'default')} and can't be mounted in ${show(chart.namespace ?? 'default')}: make a BackupStore of its own for each namespace`);
    }
    this.made ??= { claim: this.make(chart), chart };
    return this.made.claim;
  }

  private make(chart: Chart): kplus.IPersistentVolumeClaim {
    if (chart.node.tryFindChild(this.claimName)) {
      throw new Error(`the chart ${show(chart.node.id)} has a child ${show(this.claimName)} already: share one BackupStore among the backups, give another 'claimName', or use BackupStore.fromClaim`);
    }
    const claim = new kplus.PersistentVolumeClaim(chart, this.claimName, {
      metadata: { name: this.claimName, labels: standardLabels(chart, 'backup-storage', this.claimName), annotations: this.options.keep ?? true ? KEPT : {} },
      storage: this.options.size,
      storageClassName: this.options.storageClassName,
      accessModes: this.options.accessModes ?? [PersistentVolumeAccessMode.READ_WRITE_ONCE],
    });
    writeAsStored(claim);
    refuseNamesakes(claim, 'claimName', this.claimName, { wayOut: 'share one BackupStore, use BackupStore.fromClaim for a claim that is made elsewhere, or give another \'claimName\'' });
    return claim;
  }
}
