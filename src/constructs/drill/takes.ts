import { RestoreDrill } from './restore-drill';
import { instance, listOf } from '../core/takes';

export const DRILLS = listOf(instance(RestoreDrill, 'a RestoreDrill', 'new RestoreDrill(chart, \'db-drill\', { backup, schedule: Cron.weekly() })'));
