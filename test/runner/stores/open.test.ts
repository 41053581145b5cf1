import { Size } from 'cdk8s';
import { BackupCronJob, BackupStore } from '../../../src';
import { sharedPlacesAmong } from '../../../src/runner/stores/open';
import { newChart, props } from '../../synth';

test('a bucket and a container may be those of another cluster as well, and a volume is not', () => {
  const stores = [
    BackupStore.volume({ claimName: 'backups', size: Size.gibibytes(1) }),
    BackupStore.s3({ bucketName: 'shop-bucket', region: 'eu-west-1' }),
    BackupStore.azureBlob({ accountName: 'shopaccount', containerName: 'backups', prefix: 'shop' }),
  ];
  const { _config: config } = new BackupCronJob(newChart(), 'db-backup', props({ stores }));
  expect(sharedPlacesAmong(config.stores)).toEqual(['s3://shop-bucket/orders', 'azure://shopaccount/backups/shop/orders']);
});
