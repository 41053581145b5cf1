import { Context } from './context';
import { ExitCode } from '../../contract/exit-code';
import { LookConfig } from '../load-config';
export async function doctor(_context: Context<LookConfig>, _options: { readonly json: boolean }): Promise<ExitCode> {
  return ExitCode.OK;
}
