import { Duration } from 'cdk8s';
import { BackupStore, ClusterLocation, StoreLocation } from '../../../src';
import { props, synth } from '../../synth';

const bucket = (region: string, endpoint?: string) => BackupStore.s3({ bucketName: 'shop-backups', region, endpoint });

/** A promise that holds where the cluster is in another region than the bucket. */
function promising(cluster: ClusterLocation, location?: StoreLocation): () => unknown {
  const store = BackupStore.s3({ bucketName: 'shop-backups', region: 'eu-central-1', location });
  return () => synth({ ...props(), stores: [store], objectives: { rpo: Duration.hours(48), regionLoss: {}, cluster } });
}

describe('the loss of a region is not promised by a name that is no region', () => {
  test.each([
    ['eu-central-1a', 'must be a region, got the zone "eu-central-1a": did you mean "eu-central-1"?'],
    ['us-west-2-lax-1a', 'must be a region, got the zone "us-west-2-lax-1a": did you mean "us-west-2"?'],
    ['us-gov-west-1b', 'must be a region, got the zone "us-gov-west-1b": did you mean "us-gov-west-1"?'],
    ['europe-west3-a', 'must be a region, got the zone "europe-west3-a": did you mean "europe-west3"?'],
    ['fr-par-2', 'must be a region, got the zone "fr-par-2": did you mean "fr-par"?'],
    ['EU-Central-1', 'must be spelled as its provider does, got "EU-Central-1": did you mean "eu-central-1"?'],
    ['eu_central_1', 'must be spelled as its provider does, got "eu_central_1": did you mean "eu-central-1"?'],
    ['eu-centrl-1', 'must be spelled as its provider does, got "eu-centrl-1": did you mean "eu-central-1"?'],
    ['eu-cenral-1b', 'must be spelled as its provider does, got "eu-cenral-1b": did you mean "eu-central-1"?'],
    ['Europe-West3', 'must be spelled as its provider does, got "Europe-West3": did you mean "europe-west3"?'],
    [' eu-central-1', '\'objectives.cluster.region\' must be text without spaces around it'],
  ])('cluster.region %j', (region, message) => {
    expect(promising({ region })).toThrow(message);
  });

  test.each(['eu-west-1', 'us-gov-east-1', 'eusc-de-east-1', 'mx-central-1', 'europe-west3', 'nl-ams', 'berlin', 'Berlin-Mitte', 'eu-nord-1', 'eu-est-1', 'rz1a', 'westeurope', 'eu-frankfurt-1'])('%j is a region', region => {
    expect(promising({ region })).not.toThrow();
  });

  test('the region of the bucket in other capitals is the same region', () => {
    expect(promising({ region: 'rz-Berlin' }, StoreLocation.region('RZ-berlin'))).toThrow('add one in another region');
  });
});

test('stores are checked alike: buckets of AWS, and locations that somebody gives', () => {
  expect(() => bucket('eu-central-1a')).toThrow('\'region\' must be a region, got the zone "eu-central-1a": did you mean "eu-central-1"?');
  expect(() => bucket('EU-CENTRAL-1', 'https://s3.eu-central-1.amazonaws.com')).toThrow('did you mean "eu-central-1"?');
  expect(() => bucket('EU-CENTRAL-1', 'https://minio.example.com')).not.toThrow();
  expect(() => StoreLocation.region('eu-central-1a')).toThrow('did you mean "eu-central-1"?');
  expect(() => StoreLocation.zone('eu-central-1a', 'eu-central-1a')).toThrow('did you mean "eu-central-1"?');
});

describe('zones', () => {
  test.each<[string, string, string]>([
    ['eu-central-1', 'eu-central-1', 'must be a zone, got the region "eu-central-1": name the zone in it'],
    ['eu-central-1', 'EU-CENTRAL-1A', 'must be spelled as its provider does, got "EU-CENTRAL-1A": did you mean "eu-central-1a"?'],
    ['eu-central-1', 'us-east-1a', 'must be a zone of region "eu-central-1", got "us-east-1a", which is in "us-east-1": change one of them'],
    ['eu-central-1', 'euc1-az2', 'must be the name of a zone, as nodes have it in the label "topology.kubernetes.io/zone", got "euc1-az2"'],
  ])('of region %j: %j is refused', (region, zone, message) => {
    expect(() => StoreLocation.zone(region, zone)).toThrow(message);
    expect(promising({ region, zones: [zone] })).toThrow(`'objectives.cluster.zones' ${message}`);
  });

  test('their names are free where the provider is not known, and one zone in other capitals is the same', () => {
    const there = StoreLocation.zone('berlin', 'Hall 2');
    const losing = (zones: string[]) => () => synth({
      ...props(), stores: [BackupStore.s3({ bucketName: 'shop-backups', region: 'x', location: there })], objectives: { rpo: Duration.hours(48), zoneLoss: {}, cluster: { zones } },
    });
    expect(losing(['hall 1'])).not.toThrow();
    expect(losing(['hall 2'])).toThrow('\'objectives.zoneLoss\' needs a store that is still there');
    expect(losing([])).toThrow('say \'cluster.zones\' of the objectives');
  });
});
