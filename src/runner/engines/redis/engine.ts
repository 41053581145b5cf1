import { RedisDrillTarget } from './drill-target';
import { foreignSnapshots } from './foreign';
import { RdbCheck } from './rdb/check';
import { RedisFileRestorer } from './restore-file';
import { RedisKeysRestorer } from './restore-keys';
import { RedisRestorer } from './restorer';
import { RedisSource } from './source';
import { RedisTargetConfig } from '../../../contract/config';
import { DatabaseEngine } from '../../engine-api/engine';
import { through, WAY_OUT } from '../../engine-api/format';
import { Restorer, RestorerContext } from '../../engine-api/restorer';

export const redis: DatabaseEngine<'redis'> = {
  title: 'Redis',
  counted: 'keys',
  hasDrillServer: true,
  intoNewFile: null,
  foreign: foreignSnapshots,
  openSource: (config, { env }) => new RedisSource(config, env),
  openRestorer,
  openDrillTarget: (target, context) => new RedisDrillTarget(target, context),
  async readFormat(artifact, content) {
    await through(content, new RdbCheck(artifact.file, WAY_OUT));
    return null;
  },
  formatTools: () => Promise.resolve({}),
};

function openRestorer(target: RedisTargetConfig, context: RestorerContext): Restorer {
  switch (target.mode) {
    case 'replication': return new RedisRestorer(target, context);
    case 'keys': return new RedisKeysRestorer(target, context);
    case 'rdb-file': return new RedisFileRestorer(target.directory!); // the check of the config says that it is there
  }
}
