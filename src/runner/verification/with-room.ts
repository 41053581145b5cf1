import { tmpdir } from 'node:os';
import { RepairContext } from './repair';
import { InspectionConfig } from '../config/load';

/** The exporter's config says nothing of a scratch directory and of deadlines: its pod has the usual directory, and no run to end. */
export function withRoom(config: InspectionConfig): InspectionConfig & RepairContext['config'] {
  return 'scratch' in config ? config : { ...config, scratch: { directory: tmpdir(), limitBytes: null }, activeDeadlineSeconds: 6 * 3600 };
}
