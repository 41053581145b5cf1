import { Alarm, ALERT_HELP } from './alert-help';
import { Contact, contactsFor } from './contacts';
import { dayToDayOf, each, NAMES } from './words';
import { Block, code, heading, joined, list, paragraph, say, to } from '../document/document';
import { kubectlOf } from '../facts/kubectl';
import { AlertFacts, RunbookFacts } from '../facts/runbook-facts';

/** Each alert below a heading that is its name, which its `runbook_url` leads to. */
export function alerts({ alerts: all, subjects }: RunbookFacts, contacts: readonly Contact[]): Block[] {
  if (all.length === 0) return [];
  return [
    heading(2, NAMES.ALERTS),
    list(
      say`${code('critical')}: a person, now. ${contactsFor(contacts)}`,
      say`${code('warning')}: the next working day. The alert becomes critical if a promise is broken.`,
    ),
    ...all.flatMap(facts => section(facts, facts.rules.map(rule => ({
      ...rule,
      kubectl: kubectlOf(rule.namespace),
      subject: subjects.find(({ backup, drills, namespace }) => [backup?.cronJob, backup?.verify?.cronJob, ...drills.map(({ cronJob }) => cronJob)].includes(rule.cronJob ?? '') && (namespace ?? rule.namespace) === rule.namespace),
    })))),
  ];
}

function section({ alert }: AlertFacts, alarms: readonly Alarm[]): Block[] {
  const { meaning, first, then, startsRun = false } = ALERT_HELP[alert];
  const byHand = startsRun ? [...new Set(alarms.flatMap(({ subject }) => subject ? dayToDayOf(subject) : []))] : [];
  const severities = [...new Set(alarms.map(({ severity }) => severity))];
  const about = [...new Set(alarms.map(({ cronJob, claim }) => cronJob ?? claim!))];
  const commands = each(alarms.map(first));
  return [
    heading(3, alert),
    paragraph(say`${joined(severities.map(code), ' or ')}, about ${joined(about.map(code))}. ${meaning}`),
    ...commands.length === 0 ? [] : [paragraph(say`First${about.length > 1 ? ', for the one that the alert names' : ''}:`), ...commands],
    paragraph(say`${then}${byHand.length === 0 ? '' : say` By hand: ${joined(byHand.map(to))}.`}`),
  ];
}
