import { createHmac } from 'node:crypto';
import { Azurite } from './azurite';

export interface SasOptions {
  /** As in `rwdlc`. */
  readonly permissions?: string;
  readonly expiresAt?: Date;
}

const VERSION = '2021-12-02';

/** A SAS token for a container, as the portal makes one. */
export function sasToken({ accountName, accountKey }: Azurite, container: string, { permissions = 'racwdl', expiresAt = new Date(Date.now() + 30 * 86_400_000) }: SasOptions = {}): string {
  const expiry = expiresAt.toISOString().replace(/\.\d+/, '');
  const fields = [permissions, '', expiry, `/blob/${accountName}/${container}`, '', '', '', VERSION, 'c', '', '', '', '', '', '', ''];
  const signature = createHmac('sha256', Buffer.from(accountKey, 'base64')).update(fields.join('\n')).digest('base64');
  return new URLSearchParams({ sv: VERSION, sr: 'c', sp: permissions, se: expiry, sig: signature }).toString();
}
