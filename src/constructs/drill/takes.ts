import { RestoreDrill } from './restore-drill';
import { instance, listOf } from '../core/takes';

export const DRILLS = listOf(instance(RestoreDrill, 'a RestoreDrill', 'a RestoreDrill that the app defines'));
