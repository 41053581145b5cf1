import { RecoveryRunbookProps, RunbookContact } from './recovery-runbook-props';
import { Form, needed } from '../core/form';
import { listOf, struct, text } from '../core/takes';

const CONTACT: Form<RunbookContact> = { name: needed(text('Ada Lovelace')), role: needed(text('decides about restores')), channel: needed(text('+44 20 7946 0000')) };

/** What the props of a runbook take. */
export const RUNBOOK_FORM: Form<RecoveryRunbookProps> = {
  contacts: listOf(struct(CONTACT)),
  title: text('Recovery runbook of the shop'),
  runbookName: text('shop.runbook'),
  url: text('https://git.example.com/shop/dist/RUNBOOK.md'),
  keptAt: text('the vault "Recovery"'),
};
