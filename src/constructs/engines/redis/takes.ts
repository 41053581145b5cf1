import { RedisAssertion } from './redis-restore-options';
import { needed, Takes } from '../../core/form';
import { NUMBER, struct, text } from '../../core/takes';

export const REDIS_ASSERTION: Takes<RedisAssertion> = struct<RedisAssertion>({ pattern: needed(text('user:*')), atLeast: NUMBER });
