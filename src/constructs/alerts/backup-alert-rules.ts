import { ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { ALERTS_FORM } from './alerts-form';
import { BackupAlertRulesProps } from './backup-alert-rules-props';
import { dashboard } from './dashboard/dashboard';
import { defineDashboard, definePrometheusRules } from './objects';
import { AlikeTexts } from './rules/alike';
import { alertGroups } from './rules/groups';
import { AlertGroup } from './rules/rule';
import { ruleFileText } from './rules/rule-file';
import { RelatedJob, AlertContext, AlertTarget, volumesOf } from './rules/target';
import { TestTexts } from './tests/alike';
import { BackupCronJob } from '../backup/backup-cron-job';
import { RelatedCronJobFacts } from '../backup/job-facts';
import { writeAsStored } from '../core/as-stored';
import { toCronJobName } from '../core/backup-name';
import { checkHttpUrl, checkLabels, isDnsLabel, show } from '../core/check';
import { checkForm } from '../core/form';
import { located } from '../core/located';
import { refuseNamesakes } from '../core/namesakes';
import { jsonText, SynthFile } from '../core/synth-file';
import { RestoreDrill } from '../drill/restore-drill';

/**
 * Alerts on backups, made from the backups themselves: names, longest gaps, deadlines, objectives and claims are theirs.
 *
 * Defines a `PrometheusRule` and a `ConfigMap` with a Grafana dashboard. On `app.synth()` the same rules are written as a plain rule
 * file, together with their tests for `promtool test rules`, and the dashboard as JSON.
 */
export class BackupAlertRules extends Construct {
  /**
   * The PrometheusRules. One, or none if none is wanted; several for very many backups, each small enough for `kubectl apply`, which takes 256 KiB:
   * the second is called as the first with `-2` behind it.
   */
  public readonly prometheusRules: ApiObject[];

  /** The ConfigMap with the dashboard, if there is one. */
  public readonly dashboardConfigMap?: ApiObject;

  /** Where the plain rule file is written, inside the output folder. */
  public readonly ruleFile: string;

  /** Where the tests of the rules are written, inside the output folder: one file for each backup, its verification and its drills. */
  public readonly ruleTestFiles: string[];

  /** Where the dashboard is written, inside the output folder. */
  public readonly dashboardFile: string;

  /**
   * What is written into rule files.
   *
   * @internal
   */
  public readonly _groups: readonly AlertGroup[];

  constructor(scope: Construct, id: string, props: BackupAlertRulesProps) {
    super(scope, id);
    try {
      checkForm(props, ALERTS_FORM);
      const name = checkName(id, props.ruleName);
      const context = checkContext(props);
      const drills = props.drills ?? [];
      checkDrills(props.backups, drills);
      const targets = props.backups.map(backup => targetOf(backup, drills.filter(drill => drill._drill.backup === backup), props.namespace));
      checkTargets(context, targets);
      const groups = alertGroups(context, targets);
      const board = dashboard({ namespace: Chart.of(this).namespace ?? targets[0].namespace, name }, context, targets);

      this._groups = groups;
      const folder = props.folder ?? 'monitoring';
      this.ruleFile = `${folder}/${name}.rules`;
      this.dashboardFile = `${folder}/${name}.dashboard.json`;
      const texts = AlikeTexts.of(this);
      new SynthFile(this, 'Rules', { fileName: this.ruleFile, content: () => ruleFileText(texts, context, targets) });
      const tests = new TestTexts(texts, context, volumesOf(targets), `${name}.rules`);
      const testsOf = targets.flatMap(target => [
        { target, cronJob: target.cronJob, content: () => tests.ofBackup(target) },
        ...target.companions.map(companion => ({ target, cronJob: companion.cronJob, content: () => tests.ofCompanion(target, companion) })),
      ]);
      this.ruleTestFiles = testsOf.map(({ target, cronJob, content }, i) => new SynthFile(this, `RuleTests${i}`, {
        fileName: `${folder}/${name}.${target.namespace}.${cronJob}.rules.test`, content,
      }).fileName);
      new SynthFile(this, 'Dashboard', { fileName: this.dashboardFile, content: () => jsonText(board) });

      this.prometheusRules = props.prometheusRule ?? true ? definePrometheusRules(this, name, props.ruleLabels ?? {}, groups) : [];
      if (props.dashboardConfigMap ?? true) this.dashboardConfigMap = defineDashboard(this, name, props.dashboardLabels ?? { grafana_dashboard: '1' }, board);
      writeAsStored(this);
      refuseNamesakes(this, 'ruleName', name);
    } catch (error) {
      throw located(this.node.path, error);
    }
  }
}

/** What is said about all rules, checked, and with the defaults applied. */
function checkContext(props: BackupAlertRulesProps): AlertContext {
  if (props.backups.length === 0) throw new Error('\'backups\' must have at least one backup, got []');
  for (const property of ['ruleLabels', 'dashboardLabels'] as const) checkLabels(property, props[property] ?? {});
  for (const property of ['alertLabels', 'matchLabels'] as const) checkMetricLabels(property, props[property] ?? {});
  for (const property of ['namespaceLabel', 'kubeletNamespaceLabel'] as const) checkMetricLabels(property, { [props[property] ?? 'namespace']: '' });
  if (props.alertLabels && 'severity' in props.alertLabels) {
    throw new Error(`'alertLabels' must not have "severity", got ${show(props.alertLabels)}: each alert has its own, and Alertmanager mutes a warning while the same alert is critical`);
  }
  return {
    namespaceLabel: props.namespaceLabel ?? 'namespace',
    kubeletNamespaceLabel: props.kubeletNamespaceLabel ?? 'namespace',
    matchLabels: props.matchLabels ?? {},
    labels: props.alertLabels ?? {},
    runnerMetrics: props.runnerMetrics ?? false,
    runbookUrl: props.runbookUrl && checkHttpUrl('runbookUrl', props.runbookUrl, 'leave the login to the browser', 'https://wiki.example.com/backups'),
  };
}

function targetOf(backup: BackupCronJob, drills: readonly RestoreDrill[], given: string | undefined): AlertTarget {
  const namespace = given ?? Chart.of(backup).namespace;
  if (namespace === undefined) {
    throw new Error(`'backups' has ${backup.node.path}, whose chart has no namespace, and alerts must tell namespaces apart: give the chart one, or set 'namespace'`);
  }
  const { labels, ...watched } = backup._jobFacts;
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(',');
  const report = backup.recoveryReport();
  return {
    namespace,
    cronJob: backup.cronJobName,
    backup: backup.backupName,
    jobSelector: selector === '' ? '' : ` -l ${selector}`,
    gapSeconds: report.longestGapSeconds,
    startingDeadlineSeconds: watched.startingDeadlineSeconds,
    deadlineSeconds: watched.deadlineSeconds,
    rpoSeconds: backup._recovery.rpoSeconds,
    keepsFailedJobs: watched.failedJobsRetained > 0,
    suspectBelowPercent: backup._config.suspectBelowPercent,
    stores: watched.stores,
    rtoSeconds: drills[0]?._drill.rtoSeconds,
    companions: [
      ...watched.verify === undefined ? [] : [companionOf('verification', watched.verify)],
      ...drills.map(drill => companionOf('drill', drill._drill)),
    ],
  };
}

function companionOf(kind: RelatedJob['kind'], { cronJobName, gapSeconds, deadlineSeconds }: RelatedCronJobFacts): RelatedJob {
  return { kind, cronJob: cronJobName, gapSeconds, deadlineSeconds };
}

function checkDrills(backups: readonly BackupCronJob[], drills: readonly RestoreDrill[]): void {
  const other = drills.find(drill => !backups.includes(drill._drill.backup));
  if (other) throw new Error(`'drills' has ${other.node.path}, whose backup ${show(other._drill.backup.cronJobName)} is not among 'backups': add it there`);
}

function checkTargets({ runnerMetrics }: AlertContext, targets: readonly AlertTarget[]): void {
  const names = targets.map(({ namespace, cronJob }) => `${namespace}/${cronJob}`);
  const twice = firstRepeated(names);
  if (twice !== undefined) throw new Error(`'backups' must have each backup once, got ${show(twice)} more often: drop it, or give the two different names`);
  if (!runnerMetrics) return;
  const backups = targets.map(({ namespace, backup }) => `${namespace}/${backup}`);
  const alike = firstRepeated(backups);
  if (alike !== undefined) {
    const both = targets.filter(({ namespace, backup }) => `${namespace}/${backup}` === alike).map(({ cronJob }) => cronJob);
    throw new Error(`'backups' has several of the name ${show(alike)}, those of ${show(both)}: metrics tell backups apart by namespace and name, and an old copy of one would hide behind a fresh one of the other; give one of them another 'backupName'`);
  }
}

/** By a set: there may be thousands. */
function firstRepeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find(name => seen.size === seen.add(name).size);
}

function checkName(id: string, given: string | undefined): string {
  const name = given ?? toCronJobName(id);
  if (!isDnsLabel(name, 52)) {
    throw new Error(`'ruleName' must be up to 52 lower-case letters, digits and "-", with a letter or digit at both ends, got ${show(name)}${given === undefined ? `: it comes from the construct's id ${show(id)}, set 'ruleName'` : ''}`);
  }
  return name;
}

function checkMetricLabels(property: string, labels: { readonly [key: string]: string }): void {
  for (const name of Object.keys(labels)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new Error(`'${property}' has a name that Prometheus refuses, ${show(name)}: use letters, digits and "_", the first no digit`);
    }
  }
}
