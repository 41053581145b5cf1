/*
 * Where an object stands, in the folder that `app.synth()` writes: the runbook lies there too, so its commands name files beside it.
 */
import { ApiObject, App, Chart, Names, YamlOutputType } from 'cdk8s';
import { IConstruct } from 'constructs';
import { appOf } from '../../core/after-synth';

/** The files of one app, as cdk8s calls them. */
export class ManifestFiles {
  private readonly app: App;
  /** With a number in front, where charts depend on each other. */
  private readonly charts: ReadonlyMap<Chart, string>;

  constructor(scope: IConstruct) {
    this.app = appOf(scope);
    const { charts } = this.app;
    const numbered = dependOnEachOther(this.app);
    const number = (i: number) => numbered ? `${i.toString().padStart(4, '0')}-` : '';
    this.charts = new Map(charts.map((chart, i) => [chart, number(i) + Names.toDnsLabel(chart)]));
  }

  /** The file with this object. */
  public of(object: ApiObject): string {
    const { yamlOutputType, outputFileExtension: extension } = this.app;
    const itself = `${object.kind}.${object.metadata.name}`.replace(/[^0-9a-zA-Z-_.]/g, '') + extension;
    switch (yamlOutputType) {
      case YamlOutputType.FILE_PER_APP: return `app${extension}`;
      case YamlOutputType.FILE_PER_RESOURCE: return itself;
      case YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE: return `${this.chartOf(object)}/${itself}`;
      default: return this.chartOf(object) + extension;
    }
  }

  /** What `kubectl apply` takes for all that is in the chart of this object. */
  public appliedWith(object: ApiObject): string {
    switch (this.app.yamlOutputType) {
      case YamlOutputType.FILE_PER_RESOURCE: return '-f .';
      case YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE: return `-R -f ${this.chartOf(object)}`;
      default: return `-f ${this.of(object)}`;
    }
  }

  private chartOf(object: ApiObject): string {
    return this.charts.get(Chart.of(object))!;
  }
}

function dependOnEachOther(app: App): boolean {
  const chartOf = ({ node }: IConstruct) => [...node.scopes].reverse().find(Chart.isChart);
  return app.node.findAll().some(construct => {
    const { dependencies, scope } = construct.node;
    const isNested = Chart.isChart(construct) && scope !== undefined && Chart.isChart(scope);
    return isNested || dependencies.some(other => chartOf(other) !== chartOf(construct));
  });
}
