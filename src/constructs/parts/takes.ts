/*
 * What properties take that refer to parts of objects.
 */
import { SecretValue } from './secret-value';
import { needed, Takes } from '../core/form';
import { SECRET, struct, text } from '../core/takes';

/** A key of a Secret: where a password is. Text in its place may be the password. */
export const SECRET_VALUE: Takes<SecretValue> = struct<SecretValue>({ secret: needed(SECRET), key: needed(text('POSTGRES_PASSWORD')) });
