import { NAMES } from './words';
import { Block, heading, joined, say, table, Text, to } from '../document/document';

/** Somebody to call. */
export interface Contact {
  readonly name: string;
  readonly role: string;
  readonly channel: string;
}

export function contactsTable(contacts: readonly Contact[]): Block[] {
  if (contacts.length === 0) return [];
  return [heading(2, NAMES.CONTACTS), table(['who', 'role', 'reached by'], contacts.map(({ name, role, channel }) => [say`${name}`, say`${role}`, say`${channel}`]))];
}

/** Whom to call, the first one first. */
export function contactsFor(contacts: readonly Contact[]): Text {
  return contacts.length === 0 ? [] : say`Call ${joined(contacts.map(({ name, role, channel }) => `${name} (${role}), ${channel}`), '; then ')}. ${to(NAMES.CONTACTS)} has them too.`;
}
