import { Chart } from 'cdk8s';
import { Construct, IConstruct } from 'constructs';
import { runbook, Said } from './content/runbook';
import { toHtml } from './document/html';
import { toMarkdown } from './document/markdown';
import { factsOf } from './facts/tree';
import { RecoveryRunbookProps } from './recovery-runbook-props';
import { RUNBOOK_FORM } from './runbook-form';
import { checkHttpUrl, checkText, show } from '../core/check';
import { checkForm } from '../core/form';
import { located } from '../core/located';
import { SynthFile } from '../core/synth-file';

/**
 * What to do in an emergency, with every name and every command as they are in this app.
 *
 * `app.synth()` writes it as Markdown for Git, and as one page of HTML that works without a network, in the dark and on paper. Both are made of the
 * backups, restores, drills, stores, objectives, alerts and policies of the scope that it is defined in, whenever those are defined: of a chart, of a
 * plan, or of the whole app.
 */
export class RecoveryRunbook extends Construct {
  /** Path of the Markdown inside the output folder. */
  public readonly markdownFile: string;

  /** Path of the HTML inside the output folder. */
  public readonly htmlFile: string;

  constructor(scope: Construct, id: string, props: RecoveryRunbookProps = {}) {
    super(scope, id);
    try {
      checkForm(props, RUNBOOK_FORM);
      const { runbookName } = props;
      if (runbookName !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(runbookName)) {
        throw new Error(`'runbookName' must be letters, digits, "_", "-" and ".", a letter, digit or "_" first, got ${show(runbookName)}: it lies beside the manifests, in no folder`);
      }
      const said = checkSaid(props);
      const blocks = () => runbook(factsOf(scope), { ...said, title: said.title ?? titleOf(scope), markdownFile: this.markdownFile });
      this.markdownFile = runbookName === undefined ? 'RUNBOOK.md' : `${runbookName}.md`;
      this.htmlFile = `${runbookName ?? 'runbook'}.html`;
      new SynthFile(this, 'Markdown', { fileName: this.markdownFile, content: () => toMarkdown(blocks()) });
      new SynthFile(this, 'Html', { fileName: this.htmlFile, content: () => toHtml(said.title ?? titleOf(scope), blocks()) });
      this.node.addValidation({ validate: () => isEmpty(scope) ? [`there is no backup and no restore in ${show(scope.node.path)}: define the runbook in a scope that has some`] : [] });
    } catch (error) {
      throw located(this.node.path, error);
    }
  }
}

function checkSaid({ contacts = [], title, url, keptAt }: RecoveryRunbookProps): Omit<Said, 'title' | 'markdownFile'> & { readonly title: string | undefined } {
  contacts.forEach(({ name, role, channel }, i) => {
    for (const [property, value] of Object.entries({ name, role, channel })) checkText(`contacts[${i}].${property}`, value);
  });
  if (title !== undefined) checkText('title', title);
  if (keptAt !== undefined) checkText('keptAt', keptAt);
  if (url !== undefined) checkHttpUrl('url', url, 'leave the login to the browser', 'https://git.example.com/shop/dist/RUNBOOK.md');
  return { contacts, title, url, keptAt };
}

function isEmpty(scope: IConstruct): boolean {
  return factsOf(scope).subjects.length === 0;
}

/** By the charts that it is about. */
function titleOf(scope: IConstruct): string {
  const charts = scope.node.findAll().filter(Chart.isChart);
  return `Recovery runbook of ${(charts.length > 0 ? charts : [Chart.of(scope)]).map(({ node }) => node.id).join(', ')}`;
}
