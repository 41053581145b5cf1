import { alerts } from './alerts';
import { leakedCredentials, lostKey, ransomware } from './attack';
import { compose } from './compose';
import { Contact } from './contacts';
import { afterRestore, dayToDay } from './day-to-day';
import { exitCodes } from './exit-codes';
import { clusterLoss, keepOutside, nodeLoss, podLoss, regionLoss, zoneLoss } from './loss';
import { outside, stockTools } from './outside';
import { arithmetic, firstPage, protection } from './overview';
import { badMigration, corruption, droppedTable } from './restore';
import { Scenario } from './scenario';
import { NOT_IN_THE_CLUSTER } from './words';
import { Block, heading, marked } from '../document/document';
import { RunbookFacts } from '../facts/runbook-facts';

/** What people say, and no object knows. */
export interface Said {
  readonly title: string;
  readonly contacts: readonly Contact[];
  readonly url: string | undefined;
  readonly keptAt: string | undefined;
  /** Name of the Markdown, as commands take it. */
  readonly markdownFile: string;
}

/** The whole runbook: what to do first, then the emergencies, then everything that explains them. */
export function runbook(facts: RunbookFacts, { title, contacts, url, keptAt, markdownFile }: Said): Block[] {
  const scenarios: readonly Scenario[] = [
    corruption(facts), droppedTable(facts), badMigration(facts),
    podLoss(facts), nodeLoss(facts), zoneLoss(facts), regionLoss(facts), clusterLoss(facts),
    leakedCredentials(facts), ...lostKey(facts), ransomware(facts),
  ];
  return [
    ...firstPage(facts, { title, url, contacts, scenarios }),
    ...scenarios.flatMap(scenario => [heading(2, scenario.heading), ...scenario.blocks]),
    ...afterRestore(facts),
    ...marked({ skip: NOT_IN_THE_CLUSTER }, [...outside(facts), ...compose(facts), ...stockTools(facts)]),
    ...keepOutside(facts, keptAt),
    ...protection(facts),
    ...arithmetic(facts),
    ...dayToDay(facts, markdownFile),
    ...alerts(facts, contacts),
    ...exitCodes(),
  ];
}
